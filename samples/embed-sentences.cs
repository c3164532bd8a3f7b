#:project ../src/Model/MiniGpt.Model.csproj
// Which sentence is nearest to a question, by a model that reads in both directions:
//   minigpt train --task masked --steps 300 && dotnet run -c Release samples/embed-sentences.cs runs/masked "The king is dead." TEXT.txt
using MiniGpt.Model.Formats;
using MiniGpt.Model.Generation;

if (args.Length < 3)
{
    Console.Error.WriteLine("usage: dotnet run -c Release samples/embed-sentences.cs MODEL QUESTION TEXT.txt");
    return 2;
}

const int Most = 500;
LoadedModel<float> model = ModelFile.Load<float>(args[0]);
using SentenceReader reader = new(model.Encoder, model.Tokenizer ?? throw new ArgumentException($"{args[0]} has no tokenizer"));
string[] sentences = [.. File.ReadLines(args[2]).Where(line => line.Length is > 20 and < 100).Take(Most)];

float[] question = reader.Embed(args[1], Pooling.Mean);
(string Sentence, float Cosine)[] nearest =
[
    .. sentences.Select(sentence => (sentence, Cosine(question, reader.Embed(sentence, Pooling.Mean)))).OrderByDescending(pair => pair.Item2).Take(5),
];
foreach ((string sentence, float cosine) in nearest)
{
    Console.WriteLine($"{cosine:F3}  {sentence}");
}
return 0;

static float Cosine(float[] a, float[] b) => System.Numerics.Tensors.TensorPrimitives.CosineSimilarity<float>(a, b);
