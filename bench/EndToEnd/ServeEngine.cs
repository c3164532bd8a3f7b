using System.Diagnostics;
using System.Threading.Channels;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Generation;
using MiniGpt.Model.Training;
using MiniGpt.Tensors.Threading;

namespace MiniGpt.Bench.EndToEnd;

/// <summary>How many tokens the service makes for one text and for several at once, without HTTP and with random weights.</summary>
internal static class ServeEngine
{
    private const string Usage = """
        Writes 1, 2, 4, 8 and 16 texts at once, in turn, with a model of a preset's size and random weights, and says the medians.

          serve-engine [--preset quick] [--tokens 120] [--rounds 9] [--threads 0] [--only 0]

          --only N   so many texts alone, for a profiler
        """;

    private static readonly int[] s_counts = [1, 2, 4, 8, 16];

    public static async Task<int> Run(string[] arguments)
    {
        if (NamedValues.Read(arguments, Usage, out int exitCode, ("--preset", "quick"), ("--tokens", "120"), ("--rounds", "9"), ("--threads", "0"), ("--only", "0")) is not { } values)
            return exitCode;

        Workers.Count = values.Whole("--threads");
        TrainingPreset preset = values["--preset"] == "long" ? TrainingPreset.LongRun : Enum.Parse<TrainingPreset>(values["--preset"], ignoreCase: true);
        TrainingOptions options = TrainingOptions.For(preset);
        Decoder<float> model = new(options.ToConfig(preset == TrainingPreset.Gpt2 ? options.VocabularySize ?? 50257 : 65));
        model.Initialize(1);
        await using GenerationService<float> service = new(model.ForReading());
        int tokens = values.Whole("--tokens"), rounds = values.Whole("--rounds"), only = values.Whole("--only");
        Series[] series = [.. (only > 0 ? [only] : s_counts).Select(count => new Series(count))];
        for (int round = -2; round < rounds; round++) // two to warm up
        {
            foreach (Series one in series)
                await one.Measure(service, tokens, counts: round >= 0);
        }

        double alone = series[0].Rate;
        Console.WriteLine(FormattableString.Invariant($"{values["--preset"]}, {tokens} tokens a text, {Workers.Count} threads"));
        foreach (Series one in series)
        {
            Console.WriteLine(FormattableString.Invariant(
                $"{one.Count,2} at once: {one.Rate,7:F0} tokens/s, {one.Rate / alone:F2} times one; {one.Processor:F1} us of processor and {one.Allocated:F0} bytes a token"));
        }

        return 0;
    }

    /// <summary>The rounds of so many texts at once.</summary>
    private sealed class Series(int count)
    {
        private readonly List<double> _rates = [];
        private readonly List<double> _processor = [];
        private readonly List<double> _allocated = [];

        public int Count => count;

        public double Rate => Median(_rates);

        public double Processor => Median(_processor);

        public double Allocated => Median(_allocated);

        public async Task Measure(GenerationService<float> service, int tokens, bool counts)
        {
            using Process process = Process.GetCurrentProcess();
            TimeSpan before = process.TotalProcessorTime;
            long allocated = GC.GetTotalAllocatedBytes(), start = Stopwatch.GetTimestamp();
            await Task.WhenAll(Enumerable.Range(0, count).Select(i => Read(service.TryStart(new GenerationRequest
            {
                Prompt = [i],
                Sampling = new SamplingOptions { Temperature = 1, Seed = (ulong)i },
                MostTokens = tokens,
                ComesInPieces = false,
            }, CancellationToken.None)!)));
            double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds, made = (double)tokens * count;
            process.Refresh();
            if (!counts)
                return;
            _rates.Add(made / seconds);
            _processor.Add((process.TotalProcessorTime - before).TotalSeconds * 1e6 / made);
            _allocated.Add((GC.GetTotalAllocatedBytes() - allocated) / made);
        }

        private static async Task Read(ChannelReader<GenerationStep> steps)
        {
            await foreach (GenerationStep _ in steps.ReadAllAsync())
            {
            }
        }

        private static double Median(List<double> values)
        {
            values.Sort();
            return values[values.Count / 2];
        }
    }
}
