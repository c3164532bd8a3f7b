using MiniGpt.Autograd;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Generation;
using MiniGpt.Model.Layers;
using MiniGpt.Model.Tokenizers;
using MiniGpt.Tensors;

namespace MiniGpt.Model.Explanation;

/// <summary>How the model would go on, one token after the other, with everything that the choice was made from.</summary>
/// <param name="Chosen">The tokens that were chosen, with the default options of sampling.</param>
/// <param name="Written">The text that was written before each of them was chosen.</param>
/// <param name="Logits">[steps, V]: what each was chosen from.</param>
/// <param name="Temperature">The temperature with which they were chosen.</param>
public sealed record GenerationView(int[] Chosen, string[] Written, PackedNumbers Logits, double Temperature)
{
    private const int MostSteps = 12;
    private const int MostLogits = 100_000;

    internal static GenerationView Of(Decoder<float> model, ITokenizer tokenizer, IReadOnlyList<int> ids)
    {
        int steps = Math.Clamp(MostLogits / model.Config.VocabularySize, 1, MostSteps);
        SamplingOptions options = new();
        Generator<float> generator = new(model.ForReading(), tokenizer);
        int[] chosen = [.. generator.Generate(ids, options).Take(steps)];

        using Tape<float> tape = new(records: false);
        List<float> logits = [];
        List<int> window = [.. ids];
        foreach (int next in chosen)
        {
            tape.Reset();
            int[] seen = [.. window];
            Tensor<float> all = model.Logits(tape.Copy<int>(seen, [1, seen.Length]), new ForwardPass<float>(tape)).Value; // (1, T, V)
            logits.AddRange(all.Span[^model.Config.VocabularySize..]);
            window.Add(next);
            // As the generator goes on behind a full context.
            if (window.Count > model.Config.Context)
                window.RemoveRange(0, window.Count - Math.Max(1, model.Config.Context / 2));
        }
        string[] written = [.. chosen.Select((_, step) => tokenizer.Decode(chosen.AsSpan(0, step)))];
        return new GenerationView(
            chosen, written, PackedNumbers.Exact(logits.ToArray(), steps, model.Config.VocabularySize), options.Temperature);
    }
}
