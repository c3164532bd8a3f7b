using System.Globalization;
using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;

namespace MiniGpt.Model.Lessons;

/// <summary>Heads of queries that share heads of keys and values: who shares with whom, what stays different, and what it saves.</summary>
internal static class GroupedHeadsLesson
{
    private const int Heads = 4;
    private const int KeyHeads = 2;
    private const int Width = 16;
    private const int Tokens = 6;
    private const ulong Seed = 3;

    // A model of eight billion parameters, as Llama 3 has them, with the memory of its keys and values in two bytes a number.
    private const int LargeHeads = 32;
    private const int LargeWidth = 4096;
    private const int LargeLayers = 32;
    private const int LargeContext = 8192;
    private const int BytesOfNumber = 2;

    private static readonly int[] s_shown = [8, 4, 2, 1];
    private static readonly int[] s_large = [32, 8, 1];

    public static LessonResult Run()
    {
        using LessonBoard board = new();
        ShowSharing(board);
        ShowAttention(board);
        ShowCosts(board);
        return board.Result;
    }

    private static TransformerConfig Config(int heads, int keyHeads, int width, int layers, int context) =>
        Llama.Config(new ModelSizes(VocabularySize: 32, context, layers, heads, width) { KeyHeads = keyHeads });

    /// <summary>Which head of keys each of eight heads of queries uses, for some numbers of heads of keys.</summary>
    private static void ShowSharing(LessonBoard board)
    {
        int most = s_shown[0];
        board.Show("sharing", StageKind.Weights, [.. Enumerable.Range(1, most).Select(head => $"q{head}")], [.. Enumerable.Range(1, most).Select(head => $"k{head}")],
            [.. s_shown.SelectMany(keyHeads => Enumerable.Range(0, most * most).Select(i => i % most == KeyHeadOf(i / most, most, keyHeads) ? 1.0 : 0))],
            new LessonSlider("key-heads", [.. s_shown.Select(keyHeads => $"{keyHeads}")], Start: 2));
    }

    /// <summary>An attention layer with random weights: heads that share keys look elsewhere all the same.</summary>
    private static void ShowAttention(LessonBoard board)
    {
        Decoder<double> model = new(Config(Heads, KeyHeads, Width, layers: 1, Tokens) with { InitializerRange = 0.5 });
        model.Initialize(Seed);
        int size = model.Config.HeadSize;
        SeenValues seen = new();
        int[] ids = [3, 14, 1, 5, 9, 2];
        model.Logits(board.Tape.Copy<int>(ids, [1, Tokens]), new ForwardPass<double>(board.Tape) { Observer = seen });
        double[] q = seen.Of(ForwardStage.Query), k = seen.Of(ForwardStage.Key), v = seen.Of(ForwardStage.Value), weights = seen.Of(ForwardStage.Weights);
        string[] places = [.. Enumerable.Range(1, Tokens).Select(place => place.ToString(CultureInfo.InvariantCulture))];
        board.Show("weights", StageKind.Weights, places, places, weights,
            new LessonSlider("head", [.. Enumerable.Range(0, Heads).Select(head => $"q{head + 1} → k{KeyHeadOf(head, Heads, KeyHeads) + 1}")]));

        (double[] written, double[] outputs) = WrittenOut(q, k, v, size);
        board.Check("loops", weights.Zip(written, (a, b) => a - b).Concat(seen.Of(ForwardStage.HeadOutputs).Zip(outputs, (a, b) => a - b)), LessonBoard.Rounding);
        // Copied to every head of queries, keys and values give the same as shared ones, by the operator that models run.
        AttentionOptions<double> options = new() { Scale = 1 / Math.Sqrt(size), Causal = true };
        Variable<double> shared = On(q, Heads).Attention(On(k, KeyHeads), On(v, KeyHeads), options);
        Variable<double> copied = On(q, Heads).Attention(On(Copied(k), Heads), On(Copied(v), Heads), options);
        board.Check("copied", shared, copied, LessonBoard.Rounding);
        board.Check("operator", shared.Value.Span.ToArray().Zip(outputs, (a, b) => a - b), LessonBoard.Rounding);

        Variable<double> On(double[] values, int heads) => board.Tape.Constant(Tensor<double>.From(values, [1, heads, Tokens, size]));
        double[] Copied(double[] values) => [.. values.Chunk(Tokens * size).SelectMany(head => Enumerable.Repeat(head, Heads / KeyHeads)).SelectMany(head => head)];
    }

    /// <summary>What a large model saves by sharing.</summary>
    private static void ShowCosts(LessonBoard board)
    {
        int size = LargeWidth / LargeHeads;
        double[] numbers = [.. s_large.Select(keyHeads => 2.0 * LargeLayers * keyHeads * size)]; // a key and a value in each layer
        double[] megabytes = [.. numbers.Select(count => count * LargeContext * BytesOfNumber / (1 << 20))];
        double[] parameters = [.. s_large.Select(keyHeads => (double)LargeWidth * 2 * keyHeads * size * LargeLayers / 1e6)];
        board.Show("costs", StageKind.Table, [.. s_large.Select(keyHeads => $"G = {keyHeads}")], ["numbers", "megabytes", "parameters"],
            [.. Enumerable.Range(0, s_large.Length).SelectMany(i => (double[])[numbers[i], megabytes[i], parameters[i]])]);

        board.Check("memory", s_large.Zip(numbers, (keyHeads, count) =>
            KeyValueCache<double>.BytesOfBlock(LargeLayers, keyHeads, size) - count * KeyValueCache<double>.BlockPositions * sizeof(double)), tolerance: 0);
        // Each further head of keys and values adds its own parameters and nothing else.
        double[] counted = [.. s_large.Select(keyHeads => (double)new ModelShape(Config(LargeHeads, keyHeads, LargeWidth, LargeLayers, LargeContext)).Count)];
        board.Check("parameters", counted.Zip(parameters, (count, own) => count - counted[^1] - (own - parameters[^1]) * 1e6), tolerance: 1e-3);
    }

    private static int KeyHeadOf(int head, int heads, int keyHeads) => head / (heads / keyHeads);

    /// <summary>Causal attention with plain loops: the weights [H, T, T], and the weighted sums of the values [H, T, D].</summary>
    private static (double[] Weights, double[] Outputs) WrittenOut(double[] q, double[] k, double[] v, int size)
    {
        double[] weights = new double[Heads * Tokens * Tokens], outputs = new double[Heads * Tokens * size];
        for (int head = 0; head < Heads; head++)
        {
            int keyHead = KeyHeadOf(head, Heads, KeyHeads);
            for (int query = 0; query < Tokens; query++)
            {
                int row = (head * Tokens + query) * Tokens, to = (head * Tokens + query) * size;
                for (int key = 0; key <= query; key++)
                    weights[row + key] = Math.Exp(Enumerable.Range(0, size).Sum(i => q[to + i] * k[(keyHead * Tokens + key) * size + i]) / Math.Sqrt(size));
                double sum = weights.AsSpan(row, Tokens).ToArray().Sum();
                for (int key = 0; key <= query; key++)
                {
                    weights[row + key] /= sum;
                    for (int i = 0; i < size; i++)
                        outputs[to + i] += weights[row + key] * v[(keyHead * Tokens + key) * size + i];
                }
            }
        }
        return (weights, outputs);
    }
}
