using System.Globalization;
using MiniGpt.Model.Generation;
using MiniGpt.Tensors;

namespace MiniGpt.Model.Lessons;

/// <summary>From the logits of ten words to the one that is written: temperature, top-k, top-p and min-p, by the sampler that models have.</summary>
internal static class SamplingLesson
{
    private const int Draws = 2000;
    private const ulong Seed = 1;

    private static readonly string[] s_english = ["tea", "coffee", "water", "milk", "soup", "juice", "sugar", "rain", "shoes", "Monday"];
    private static readonly string[] s_japanese = ["お茶", "水", "コーヒー", "牛乳", "スープ", "ジュース", "砂糖", "雨", "靴", "月曜日"];

    private static readonly double[] s_logits = [3, 2.6, 1.8, 1.4, 0.9, 0.4, -0.4, -1.2, -2, -2.6];
    private static readonly double[] s_sure = [6, 1.5, 0.5, 0, 0, -0.5, -1, -1, -2, -3];
    private static readonly double[] s_unsure = [1, 0.95, 0.9, 0.85, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3];

    private static readonly SamplingOptions s_plain = new() { Temperature = 1 };

    private static readonly SamplingOptions[] s_temperatures = [.. new[] { 0, 0.25, 0.5, 0.75, 1, 1.5, 2, 4 }.Select(t => s_plain with { Temperature = t })];
    private static readonly SamplingOptions[] s_counts = [.. new[] { 1, 2, 3, 4, 5, 8, 10 }.Select(k => s_plain with { TopK = k })];
    private static readonly SamplingOptions[] s_masses = [.. new[] { 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 1 }.Select(p => s_plain with { TopP = p })];
    private static readonly SamplingOptions[] s_shares = [.. new[] { 0, 0.02, 0.05, 0.1, 0.2, 0.5, 1 }.Select(p => s_plain with { MinP = p })];
    private static readonly SamplingOptions s_together = new() { Temperature = 0.8, TopK = 8, TopP = 0.95, MinP = 0.05 };

    public static LessonResult Run(Language language)
    {
        using LessonBoard board = new();
        string[] words = language == Language.Japanese ? s_japanese : s_english;
        board.Show("logits", StageKind.Bars, ["logit"], words, s_logits);
        board.Show("probabilities", StageKind.Bars, ["p"], words, Probabilities(s_plain));
        Show("temperature", s_temperatures, start: 4, options => options.Temperature);
        Show("top-k", s_counts, start: 2, options => options.TopK!.Value);
        Show("top-p", s_masses, start: 5, options => options.TopP);
        Show("min-p", s_shares, start: 4, options => options.MinP);

        (string Name, SamplingOptions Options)[] ways =
            [("top-k 5", s_plain with { TopK = 5 }), ("top-p 0.9", s_plain with { TopP = 0.9 }), ("min-p 0.1", s_plain with { MinP = 0.1 })];
        double[][] texts = [s_sure, s_logits, s_unsure];
        board.Show("kept", StageKind.Table, [.. ways.Select(way => way.Name)], ["sure", "this", "unsure"],
            [.. ways.SelectMany(way => texts.Select(logits => (double)Sampler.Probabilities<double>(logits, way.Options).Count(p => p > 0)))]);

        double[] expected = Probabilities(s_together), drawn = Draw(s_together);
        board.Show("drawn", StageKind.Bars, ["expected", "drawn"], words, [.. expected, .. drawn]);

        SamplingOptions[] all = [s_plain, .. s_temperatures, .. s_counts, .. s_masses, .. s_shares, s_together];
        board.Check("loops", all.SelectMany(options => texts.SelectMany(logits =>
            Sampler.Probabilities<double>(logits, options).Zip(WrittenOut(logits, options), (a, b) => a - b))), LessonBoard.Rounding);
        board.Check("sums", all.Select(options => Probabilities(options).Sum() - 1), LessonBoard.Rounding);
        // A share of n draws spreads by √(p(1 − p)/n): at most half of 1/√n.
        board.Check("draws", expected.Zip(drawn, (a, b) => a - b), tolerance: 2 / Math.Sqrt(Draws));
        return board.Result;

        void Show(string key, SamplingOptions[] stops, int start, Func<SamplingOptions, double> value) =>
            board.Show(key, StageKind.Bars, ["p"], words, [.. stops.SelectMany(Probabilities)],
                new LessonSlider(key, [.. stops.Select(options => value(options).ToString(CultureInfo.InvariantCulture))], start));
    }

    private static double[] Probabilities(SamplingOptions options) => Sampler.Probabilities<double>(s_logits, options);

    /// <summary>How often each word comes, as a share of all draws.</summary>
    private static double[] Draw(SamplingOptions options)
    {
        Sampler sampler = new(options);
        RandomStream random = new(Seed, RandomPurpose.Sampling);
        double[] shares = new double[s_logits.Length];
        for (ulong draw = 0; draw < Draws; draw++)
            shares[sampler.Choose<double>(s_logits, random.Uniform(draw))] += 1.0 / Draws;
        return shares;
    }

    /// <summary>The same, step by step: divide, take the k likeliest, then the fewest that reach p, then those near enough to the likeliest.</summary>
    private static double[] WrittenOut(double[] logits, SamplingOptions options)
    {
        int[] order = [.. Enumerable.Range(0, logits.Length).OrderByDescending(id => logits[id])];
        if (options.Temperature == 0)
            return [.. logits.Select((_, id) => id == order[0] ? 1.0 : 0)];
        double[] shares = new double[logits.Length];
        foreach (int id in order.Take(options.TopK ?? logits.Length))
            shares[id] = Math.Exp(logits[id] / options.Temperature);
        Normalise();
        double reached = 0;
        foreach (int id in order)
        {
            double share = shares[id];
            if (reached >= options.TopP)
                shares[id] = 0;
            reached += share;
        }
        double least = options.MinP * shares[order[0]];
        for (int id = 0; id < shares.Length; id++)
        {
            if (shares[id] < least)
                shares[id] = 0;
        }
        Normalise();
        return shares;

        void Normalise()
        {
            double sum = shares.Sum();
            for (int id = 0; id < shares.Length; id++)
                shares[id] /= sum;
        }
    }
}
