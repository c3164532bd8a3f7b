using System.Diagnostics;
using System.Reflection;
using BenchmarkDotNet.Running;
using MiniGpt.Tensors.Kernels;

namespace MiniGpt.Bench.Guard;

/// <summary>
/// One of our kernels and its peers, the same work in turn in one process: a machine's frequency drifts, so that only times taken beside
/// each other say anything. What counts is the median over the rounds of the ratio of their times.
/// </summary>
internal sealed class Race
{
    private static readonly TimeSpan s_block = TimeSpan.FromMilliseconds(25);
    private static readonly TimeSpan s_sample = TimeSpan.FromMicroseconds(20);

    // Whole training steps: they vary little, and a few turns of them take long enough.
    private static readonly TimeSpan s_longCall = TimeSpan.FromMilliseconds(500);
    private const int RoundsOfLongCalls = 3;

    private readonly BenchmarkCase _ours;
    private readonly BenchmarkCase[] _peers;

    public Race(BenchmarkCase ours, IEnumerable<BenchmarkCase> peers)
    {
        _ours = ours;
        _peers = [.. peers];
    }

    /// <summary>The benchmark's name as BenchmarkDotNet shows it, with its parameters.</summary>
    public string Name =>
        string.Concat([Group, .. _ours.Parameters.Items.Where(item => item.Name != "Threads").Select(item => $" {item.Value}")])
        + (Threads == 1 ? ", 1 thread" : $", {Threads} threads");

    /// <summary>Our method, without its parameters.</summary>
    public string Group => $"{_ours.Descriptor.Type.Name.Replace("Benchmarks", "", StringComparison.Ordinal)}.{MethodName(_ours)}";

    public int Threads => MeasuredWork.Threads(_ours);

    /// <summary>Without a peer or a ceiling there is no ratio to guard.</summary>
    private bool HasRatio => _peers.Length > 0 || MeasuredWork.UnitOf(_ours.Descriptor.Type) == MeasuredWork.Flops;

    /// <summary>All races of this assembly's benchmarks that this machine can run and that have something to be compared with.</summary>
    public static IEnumerable<Race> All()
    {
        var config = new KernelConfig();
        return typeof(Race).Assembly.GetTypes()
            .Where(type => type.IsClass && typeof(IMeasuredWork).IsAssignableFrom(type))
            .OrderBy(type => type.Name)
            .SelectMany(type => BenchmarkConverter.TypeToBenchmarks(type, config).BenchmarksCases.GroupBy(benchmark => benchmark.Parameters.ValueInfo))
            .SelectMany(sameParameters => Pair([.. sameParameters]))
            .Where(race => race.Threads <= Environment.ProcessorCount && race.HasRatio);
    }

    /// <summary>Measures.</summary>
    /// <param name="rounds">How often each has its turn; where a call takes over half a second, three turns at most.</param>
    public RaceResult Run(int rounds)
    {
        MeasuredWork? work = MeasuredWork.Of(_ours);
        object instance = MeasuredWork.Create(_ours);
        _ours.Descriptor.GlobalSetupMethod?.Invoke(instance, null);
        try
        {
            Action[] calls = [Call(_ours, instance), .. _peers.Select(peer => Call(peer, instance))];
            if (calls.Max(WarmUp) > s_longCall)
                rounds = Math.Min(rounds, RoundsOfLongCalls);

            double[][] seconds = [.. calls.Select(_ => new double[rounds])];
            double[] ceilings = new double[rounds];
            for (int round = 0; round < rounds; round++)
            {
                ceilings[round] = work?.Unit == MeasuredWork.Flops ? FmaCeiling.Measure<float>(TimeSpan.FromMilliseconds(10)) : double.NaN;
                for (int i = 0; i < calls.Length; i++)
                    seconds[i][round] = MedianOfBlock(calls[i]);
            }

            var ratios = new Dictionary<string, double>();
            for (int i = 0; i < _peers.Length; i++)
                ratios[MethodName(_peers[i])] = Median([.. seconds[i + 1].Zip(seconds[0], (theirs, ours) => theirs / ours)]);

            return new RaceResult
            {
                Race = this,
                Work = work,
                Seconds = Median([.. seconds[0]]),
                Ceiling = Median(ceilings),
                Ratios = ratios,
            };
        }
        finally
        {
            _ours.Descriptor.GlobalCleanupMethod?.Invoke(instance, null);
        }
    }

    private static IEnumerable<Race> Pair(BenchmarkCase[] sameParameters)
    {
        BenchmarkCase[] ours = [.. sameParameters.Where(benchmark => PeerAttribute.Of(benchmark) is null)];
        return ours.Select(one => new Race(one, sameParameters.Where(benchmark =>
            PeerAttribute.Of(benchmark) is { } peer && (peer.To ?? MethodName(ours[0])) == MethodName(one))));
    }

    private static string MethodName(BenchmarkCase benchmark) => benchmark.Descriptor.WorkloadMethod.Name;

    private static Action Call(BenchmarkCase benchmark, object instance)
    {
        MethodInfo method = benchmark.Descriptor.WorkloadMethod;
        return method.ReturnType == typeof(void)
            ? method.CreateDelegate<Action>(instance)
            : () => method.Invoke(instance, null);
    }

    /// <summary>Calls until the JIT, which does so in the background, has replaced its first code: until a call gets no faster.</summary>
    /// <returns>The fastest call.</returns>
    private static TimeSpan WarmUp(Action call)
    {
        double before = double.PositiveInfinity, fastest = double.PositiveInfinity;
        for (int turn = 0; turn < 3 || (turn < 20 && fastest < 0.9 * before); turn++)
        {
            before = fastest;
            long start = Stopwatch.GetTimestamp();
            for (int i = 0; i < 40 && Stopwatch.GetElapsedTime(start) < TimeSpan.FromMilliseconds(100); i++)
            {
                long one = Stopwatch.GetTimestamp();
                call();
                fastest = Math.Min(fastest, Stopwatch.GetElapsedTime(one).TotalSeconds);
            }

            Thread.Sleep(110);
        }

        return TimeSpan.FromSeconds(fastest);
    }

    /// <summary>The median time of a call over a stretch of calls.</summary>
    private static double MedianOfBlock(Action call)
    {
        // Threads of the one before, such as OpenMP's, spin for some milliseconds after their work.
        Thread.Sleep(12);
        long first = Stopwatch.GetTimestamp();
        call();
        TimeSpan once = Stopwatch.GetElapsedTime(first);
        var samples = new List<double>();
        if (once > s_block)
            samples.Add(once.TotalSeconds);

        int repeats = Math.Max(1, (int)(s_sample / (once + TimeSpan.FromTicks(1))));
        long start = Stopwatch.GetTimestamp();
        while (samples.Count == 0 || Stopwatch.GetElapsedTime(start) < s_block - once)
        {
            long before = Stopwatch.GetTimestamp();
            for (int i = 0; i < repeats; i++)
                call();

            samples.Add(Stopwatch.GetElapsedTime(before).TotalSeconds / repeats);
        }

        return Median([.. samples]);
    }

    private static double Median(double[] values)
    {
        Array.Sort(values);
        return (values[(values.Length - 1) / 2] + values[values.Length / 2]) / 2;
    }
}

/// <summary>What a race showed.</summary>
internal sealed record RaceResult
{
    public required Race Race { get; init; }

    public required MeasuredWork? Work { get; init; }

    /// <summary>The median time of our call.</summary>
    public required double Seconds { get; init; }

    /// <summary>The multiply-add ceiling measured in between, operations a second; not a number where bytes are counted.</summary>
    public required double Ceiling { get; init; }

    /// <summary>The time of each peer divided by ours: over 1, we are faster.</summary>
    public required IReadOnlyDictionary<string, double> Ratios { get; init; }

    /// <summary>Operations or bytes a second.</summary>
    public double Rate => Work is null ? double.NaN : Work.OfCall / Seconds;

    /// <summary>The ratio to the fastest peer.</summary>
    public double RatioToBest => Ratios.Count == 0 ? double.NaN : Ratios.Values.Min();

    /// <summary>All ratios, those to the peers and the share of the ceiling: what is kept and compared.</summary>
    public IEnumerable<(string Name, double Ratio)> Kept =>
        [.. Ratios.Select(pair => (pair.Key, pair.Value)), .. double.IsNaN(Ceiling) ? [] : new[] { ("ceiling", Rate / Ceiling) }];
}
