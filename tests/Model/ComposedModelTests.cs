using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Layers;
using MiniGpt.Model.Optimization;
using MiniGpt.Model.Tokenizers;
using MiniGpt.Tests.Architecture;
using Xunit;

namespace MiniGpt.Tests.Model;

/// <summary>The example of docs/compose.md: it is compiled and run as it stands there.</summary>
public class ComposedModelTests
{
    [Fact]
    public void A_model_of_ones_own_layers_is_trained_and_sampled()
    {
        string written = TrainAndSample();
        Assert.Equal("the cat sat on the mat. the cat ", written);
    }

    [Fact]
    public void The_example_in_the_documentation_is_this_one_and_has_under_forty_lines()
    {
        string root = Sources.FindRoot();
        string[] code = Between(File.ReadAllLines(Path.Combine(root, "tests", "Model", "ComposedModelTests.cs")), "// example", "// end")
            .Select(line => line.Length >= 8 ? line[8..] : line).ToArray();
        string[] shown = Between(File.ReadAllLines(Path.Combine(root, "docs", "compose.md")), "```csharp", "```");
        Assert.Equal(shown.Where(line => !line.StartsWith("using MiniGpt", StringComparison.Ordinal) && line.Length > 0), code.Where(line => line.Length > 0));
        Assert.InRange(shown.Length, 20, 40);
    }

    private static string[] Between(string[] lines, string begin, string end) =>
        [.. lines.SkipWhile(line => line.Trim() != begin).Skip(1).TakeWhile(line => line.Trim() != end)];

    private static string TrainAndSample()
    {
        // example
        string text = string.Concat(Enumerable.Repeat("the cat sat on the mat. ", 40));
        CharacterTokenizer tokenizer = CharacterTokenizer.FromText(text);
        int[] ids = tokenizer.Encode(text);
        (int vocabulary, int width, int context) = (tokenizer.VocabularySize, 32, 24);

        ParameterSet<float> parameters = new();
        Embedding<float> embedding = new(parameters, "tokens", vocabulary, width, Initialization.Normal(0.1));
        TransformerStack<float> blocks = new(parameters, Llama.Config(new ModelSizes(vocabulary, context, Layers: 1, Heads: 2, width)));
        Linear<float> head = new(parameters, "head", width, vocabulary, Initialization.Normal(0.1));
        parameters.Initialize(seed: 1);
        AdamW<float> optimizer = new(parameters, new AdamWOptions(Beta1: 0.9, Beta2: 0.99, Epsilon: 1e-8, WeightDecay: 0.01));
        using Tape<float> tape = new();
        for (int step = 0; step < 250; step++)
        {
            tape.Reset();
            parameters.ClearGradients();
            Variable<float> loss = Logits(ids.AsSpan(step, context)).CrossEntropy(tape.Copy<int>(ids.AsSpan(step + 1, context), [1, context]));
            tape.Backward(loss);
            optimizer.Update(learningRate: 0.01, Optimizer<float>.ClipScale(parameters.GradientNorm(), most: 1));
        }

        List<int> written = [.. tokenizer.Encode("the cat ")];
        while (written.Count < 32)
        {
            tape.Reset();
            int[] seen = [.. written.TakeLast(context)];
            Span<float> logits = Logits(seen).Value.Span[^vocabulary..]; // of the token after the last one
            written.Add(logits.IndexOf(System.Numerics.Tensors.TensorPrimitives.Max<float>(logits)));
        }
        return tokenizer.Decode(written.ToArray());

        Variable<float> Logits(ReadOnlySpan<int> tokens) =>
            head.Forward(blocks.Forward(embedding.Forward(tape, tape.Copy(tokens, [1, tokens.Length])), new ForwardPass<float>(tape)));
        // end
    }
}
