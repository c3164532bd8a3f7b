using System.Diagnostics;
using System.Globalization;
using MiniGpt.Autograd;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Generation;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors.Kernels;

namespace MiniGpt.Model.Lessons;

/// <summary>
/// Writing a text token by token, with a memory of keys and values and without one: what is computed again, counted and timed, and that the
/// logits are the same.
/// </summary>
internal static class KeyValueCacheLesson
{
    private const int Context = 128;
    private const int Vocabulary = 64;
    private const int Shown = 8;
    private const int ShownEvery = 8;
    private const ulong Seed = 1;
    private const double SameLogits = 1e-10;

    private static readonly int[] s_lengths = [16, 32, 64, 128];
    private static readonly int[] s_kept = [1, 16, 128];

    public static LessonResult Run(CancellationToken cancellationToken)
    {
        using LessonBoard board = new();
        string[] places = Numbers(1, Shown, 1);
        board.Show("without", StageKind.Numbers, places, places, Cells((step, place) => place <= step ? 1 : double.NaN));
        board.Show("with", StageKind.Numbers, places, places, Cells((step, place) => place == step ? 1 : place < step ? -1 : double.NaN));

        Decoder<double> model = new(Llama.Config(new ModelSizes(Vocabulary, Context, Layers: 3, Heads: 4, Width: 64) { KeyHeads = 2 }));
        model.Initialize(Seed);
        int[] ids = [.. Enumerable.Range(0, Context).Select(i => i * 7 % Vocabulary)];
        Timed without = Without(model, ids, cancellationToken), with = With(model, ids, cancellationToken);

        double[] again = [.. Enumerable.Range(1, Context).Select(tokens => (double)Products(model, 1, tokens))];
        double[] kept = [.. Enumerable.Range(1, Context).Select(tokens => (double)Products(model, tokens, tokens))];
        string[] shown = Numbers(ShownEvery, Context, ShownEvery);
        board.Show("products", StageKind.Lines, shown, ["without", "with"], Sampled(again, kept, 1e6));
        double[] sumAgain = Sums(again), sumKept = Sums(kept);
        board.Show("total", StageKind.Table, [.. s_lengths.Select(tokens => $"{tokens}")], ["without", "with", "times"],
            [.. s_lengths.SelectMany(tokens =>
                (double[])[sumAgain[tokens - 1] / 1e6, sumKept[tokens - 1] / 1e6, sumAgain[tokens - 1] / sumKept[tokens - 1]])]);
        board.Show("time", StageKind.Lines, shown, ["without", "with"], Sampled(Sums(without.Milliseconds), Sums(with.Milliseconds), 1));
        int numbers = 2 * model.Config.Layers * model.Config.Attention.KeyHeads * model.Config.HeadSize;
        board.Show("memory", StageKind.Table, [.. s_kept.Select(tokens => $"{tokens}")], ["numbers", "kilobytes"],
            [.. s_kept.SelectMany(tokens => (double[])[numbers * tokens, numbers * tokens * sizeof(double) / 1024.0])]);

        board.Check("logits", without.Logits.Zip(with.Logits, (a, b) => a - b), SameLogits);
        board.Check("products", [kept[^1] - new ModelShape(model.Config).TrainingOperationsOfToken / 6], tolerance: 0);
        board.Check("faster", [Math.Max(0, with.Milliseconds.Sum() - without.Milliseconds.Sum())], tolerance: 0);
        board.Check("memory", [KeyValueCache<double>.BytesOfBlock(model.Config.Layers, model.Config.Attention.KeyHeads, model.Config.HeadSize)
            - (double)numbers * KeyValueCache<double>.BlockPositions * sizeof(double)], tolerance: 0);
        return board.Result;
    }

    /// <summary>The logits of all steps, one after the other, and how long each took.</summary>
    private sealed record Timed(double[] Logits, double[] Milliseconds);

    /// <summary>Each token by a pass over the whole text so far, of which nothing is kept.</summary>
    private static Timed Without(Decoder<double> model, int[] ids, CancellationToken cancellationToken)
    {
        using Tape<double> tape = new(records: false) { Cancellation = cancellationToken };
        return Write(count =>
        {
            tape.Reset();
            return model.Logits(tape.Copy<int>(ids.AsSpan(0, count), [1, count]), new ForwardPass<double>(tape)).Value.Slice(1, count - 1, 1).Span;
        });
    }

    /// <summary>Each token by a pass over itself, beside what is kept of those before it.</summary>
    private static Timed With(Decoder<double> model, int[] ids, CancellationToken cancellationToken)
    {
        using IncrementalDecoder<double> decoder = new(model);
        return Write(count =>
        {
            cancellationToken.ThrowIfCancellationRequested();
            return decoder.Logits(ids.AsSpan(count - 1, 1), count - 1).Span;
        });
    }

    private delegate ReadOnlySpan<double> LogitsOf(int count);

    private static Timed Write(LogitsOf next)
    {
        next(1); // what is compiled when it runs first is not what is timed
        List<double> logits = [], milliseconds = [];
        for (int count = 1; count <= Context; count++)
        {
            long start = Stopwatch.GetTimestamp();
            ReadOnlySpan<double> found = next(count);
            milliseconds.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            logits.AddRange(found);
        }
        return new Timed([.. logits], [.. milliseconds]);
    }

    /// <summary>
    /// Multiplications, each with the addition that goes with it, for some positions of a text: with every weight once a position, and of queries
    /// with keys and of weights with values for every position that is seen.
    /// </summary>
    private static long Products(Decoder<double> model, int first, int last)
    {
        TransformerConfig config = model.Config;
        long width = config.Width, queries = config.Attention.Heads * config.HeadSize, keys = config.Attention.KeyHeads * config.HeadSize;
        long products = 0;
        for (int place = first; place <= last; place++)
        {
            for (int layer = 0; layer < config.Layers; layer++)
            {
                products += width * (queries + 2 * keys) + queries * width; // to queries, keys and values, and back
                products += 2 * queries * place; // with every key and every value so far
                products += 3 * width * config.FeedForwardWidth; // the feed-forward layers, of which one is a gate
                products += 2 * width; // two norms
            }
            products += width + width * config.VocabularySize; // the last norm and the logits
        }
        return products;
    }

    private static double[] Cells(Func<int, int, double> value) =>
        [.. Enumerable.Range(1, Shown).SelectMany(step => Enumerable.Range(1, Shown).Select(place => value(step, place)))];

    private static double[] Sums(double[] values)
    {
        double sum = 0;
        return [.. values.Select(value => sum += value)];
    }

    private static double[] Sampled(double[] without, double[] with, double unit) => [.. Enumerable.Range(1, Context / ShownEvery)
        .SelectMany(i => (double[])[without[i * ShownEvery - 1] / unit, with[i * ShownEvery - 1] / unit])];

    private static string[] Numbers(int first, int last, int step) =>
        [.. Enumerable.Range(0, (last - first) / step + 1).Select(i => (first + i * step).ToString(CultureInfo.InvariantCulture))];
}
