using BenchmarkDotNet.Attributes;
using MiniGpt.Bench.Peers;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Data;
using MiniGpt.Model.Tasks;
using MiniGpt.Model.Training;
using MiniGpt.Tensors;

namespace MiniGpt.Bench.EndToEnd;

/// <summary>One training step, from the batch to the update: the three that docs/performance.md compares with PyTorch's.</summary>
public class TrainingStepBenchmarks : IMeasuredWork
{
    private Trainer<float> _trainer = null!;

    public static string Unit => MeasuredWork.Flops;

    [Params("tiny", "baby", "gpt2")]
    public string Preset { get; set; } = "";

    [Params(1, 2)]
    public int Threads { get; set; }

    // As MFU counts: 6 for each parameter and token, and attention without regard to causality.
    public double WorkOfCall
    {
        get
        {
            TrainingOptions options = Options();
            return new ModelShape(options.ToConfig(Vocabulary)).TrainingOperationsOfToken * options.BatchSize * options.Context;
        }
    }

    private int Vocabulary => Preset == "gpt2" ? 50257 : 65;

    [GlobalSetup]
    public void Setup()
    {
        PeerThreads.Set(Threads);
        TrainingOptions options = Options();
        var random = new RandomStream(1, RandomPurpose.Evaluation);
        int[] ids = [.. Enumerable.Range(0, 100_000).Select(i => (int)random.Below((ulong)i, Vocabulary))];
        var gpt = new Decoder<float>(options.ToConfig(Vocabulary));
        gpt.Initialize(options.Seed);
        _trainer = new Trainer<float>(
            new NextTokenTask<float>(gpt, options.NextToken, TokenSource.FromIds(ids, Vocabulary)), options.CreateOptimizer(gpt.Parameters),
            options.LearningRates, options.ClipNorm, ceiling: 1);
    }

    [Benchmark]
    public double Step() => _trainer.Step().Loss;

    [GlobalCleanup]
    public void Cleanup() => _trainer.Dispose();

    private TrainingOptions Options() => Preset switch
    {
        "tiny" => TrainingOptions.For(TrainingPreset.Tiny),
        "baby" => TrainingOptions.For(TrainingPreset.Baby) with { BatchSize = 8, Dropout = 0 },
        _ => TrainingOptions.For(TrainingPreset.Gpt2) with { BatchSize = 4, Context = 64, Accumulate = 1, Dropout = 0 },
    }
    with
    { Steps = int.MaxValue };
}
