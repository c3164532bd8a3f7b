using System.Runtime.ExceptionServices;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Distribution;
using MiniGpt.Model.Optimization;
using MiniGpt.Model.Training;
using MiniGpt.Tests.Cli.Safety;
using MiniGpt.Tests.Model.Distribution;
using Xunit;

namespace MiniGpt.Tests.Model.Training;

/// <summary>Whole runs that ranks make together: everything that they write is what a process alone writes.</summary>
[Collection("Alone")]
public sealed class RankedRunTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TrainingOptions _options = new()
    {
        Layers = 2,
        Heads = 2,
        Width = 16,
        Context = 8,
        BatchSize = 2,
        Accumulate = 8,
        Steps = 9,
        Dropout = 0.1,
        WarmupSteps = 2,
        EvalEvery = 3,
        EvalBatches = 3,
        SampleEvery = 4,
        LogEvery = 1,
    };

    public RankedRunTests() => _folder.Write("text.txt", string.Concat(Enumerable.Repeat("the quick brown fox\n", 30)));

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(OptimizerKind.AdamW, 2)]
    [InlineData(OptimizerKind.AdamW, 8)]
    [InlineData(OptimizerKind.Muon, 3)]
    [InlineData(OptimizerKind.Muon, 4)]
    public void A_run_writes_the_files_of_one_process(OptimizerKind optimizer, int ranks)
    {
        TrainingOptions options = _options with { Optimizer = optimizer, MatrixRate = optimizer == OptimizerKind.Muon ? 0.02 : 0 };
        Train("alone", options, 1);
        Train("together", options, ranks);
        AssertSame("alone", "together");
        Assert.Equal(SmallRun.Checksums(_folder.File("alone/best")), SmallRun.Checksums(_folder.File("together/best")));
        Assert.Equal(File.ReadAllText(_folder.File("alone/samples.jsonl")), File.ReadAllText(_folder.File("together/samples.jsonl")));
    }

    [Fact]
    public void A_run_goes_on_with_any_other_number_of_ranks()
    {
        Train("alone", _options, 1);
        foreach ((int before, int after) in ((int, int)[])[(4, 2), (4, 8), (1, 3), (3, 1)])
        {
            using CancellationTokenSource cancel = new();
            TrainingSummary stopped = Train("parts", _options, before, new Stopper(4, cancel), cancel.Token);
            Assert.True(stopped is { Interrupted: true, Step: 4 });
            Assert.True(Resume("parts", after) is { Interrupted: false, Step: 9 });
            AssertSame("alone", "parts");
        }
    }

    [Fact]
    public void Any_rank_that_is_asked_to_stop_stops_all_of_them_with_a_checkpoint()
    {
        using CancellationTokenSource cancel = new();
        TrainingSummary stopped = Train("parts", _options, 4, new Stopper(2, cancel), followers: cancel.Token);
        Assert.True(stopped.Interrupted);
        Assert.InRange(stopped.Step, 3, 4);
        Train("alone", _options, 1);
        Assert.True(Resume("parts", 2) is { Interrupted: false });
        AssertSame("alone", "parts");
    }

    [Fact]
    public void A_step_that_is_passed_over_is_passed_over_by_all()
    {
        TrainingOptions options = _options with { OnBadLoss = BadLossAction.Skip };
        Poison alone = new(), together = new();
        Train("alone", options, 1, alone);
        Train("together", options, 4, together);
        Assert.Contains("step 3", Assert.Single(alone.Messages), StringComparison.Ordinal);
        Assert.Equal(alone.Messages, together.Messages);
        AssertSame("alone", "together");
    }

    [Fact]
    public void A_run_that_cannot_begin_is_refused_on_all_ranks()
    {
        ArgumentException refused = Assert.Throws<ArgumentException>(() => Unwrapped(() => Train("run", _options with { Accumulate = 2 }, 4)));
        Assert.Contains("4 ranks found, at most the 2 micro-batches", refused.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder.File("run")));
    }

    private static void Unwrapped(Action action)
    {
        try
        {
            action();
        }
        catch (AggregateException error)
        {
            ExceptionDispatchInfo.Throw(error.InnerException!);
        }
    }

    private void AssertSame(string expected, string found)
    {
        Assert.Equal(SmallRun.Checksums(_folder.File(expected)), SmallRun.Checksums(_folder.File(found)));
        Assert.Equal(SmallRun.Log(_folder.File(expected)), SmallRun.Log(_folder.File(found)));
    }

    private TrainingSummary Train(
        string name, TrainingOptions options, int size, ITrainingObserver? observer = null, CancellationToken leader = default, CancellationToken followers = default) =>
        Together(size, ranks =>
        {
            using TrainingData data = Load(options);
            Decoder<float> gpt = new(options.ToConfig(data.VocabularySize));
            gpt.Initialize(options.Seed + (ulong)ranks.Rank); // the first rank's numbers count
            if (ranks.Rank > 0)
            {
                using TrainingFollower<float> follower = new(options, gpt, data, ranks);
                follower.Run(followers);
                return null;
            }
            using RunFolder folder = RunFolder.Create(_folder.File(name), overwrite: true);
            using TrainingRun<float> run = new(folder, options, gpt, data, ranks: ranks);
            (observer as Poison)?.Model = gpt;
            using SampleLog samples = new(folder.SamplesPath, observer ?? new Stopper(int.MaxValue, null));
            return run.Run(samples, leader);
        });

    private TrainingSummary Resume(string name, int size)
    {
        using RunFolder folder = RunFolder.Open(_folder.File(name));
        return Together(size, ranks =>
        {
            Checkpoint<float> checkpoint = ranks.Rank == 0 ? folder.Load<float>(ranks) : RunFolder.Follow<float>(folder.Path, ranks);
            ranks.Barrier(); // nothing is written before all have read
            using TrainingData data = Load(checkpoint.Options);
            if (ranks.Rank > 0)
            {
                using TrainingFollower<float> follower = new(checkpoint.Options, checkpoint.Model, data, ranks, checkpoint.Optimizer);
                follower.Run();
                return null;
            }
            using TrainingRun<float> run = new(folder, checkpoint.Options, checkpoint, data, ranks);
            return run.Run(new Stopper(int.MaxValue, null));
        });
    }

    private static TrainingSummary Together(int size, Func<ICollective, TrainingSummary?> work) =>
        (size == 1 ? work(OneRank.Instance) : ThreadRanks.Run(size, work)[0])!;

    private TrainingData Load(TrainingOptions options) => TrainingData.Load(options, _folder.File("text.txt"));

    private sealed class Stopper(int step, CancellationTokenSource? cancel) : ITrainingObserver
    {
        public void Stepped(in StepMetrics metrics)
        {
            if (metrics.Step == step)
                cancel!.Cancel();
        }
    }

    /// <summary>Puts a NaN into the first rank's parameters after the second step, and takes it out again when a step was passed over.</summary>
    private sealed class Poison : ITrainingObserver
    {
        private float _before;

        public Decoder<float>? Model { get; set; }

        public List<string> Messages { get; } = [];

        public void Stepped(in StepMetrics metrics)
        {
            if (metrics.Step == 2)
                (_before, Element()) = (Element(), float.NaN);
        }

        public void Skipped(TrainingDivergedException reason, int count)
        {
            Messages.Add(reason.Message);
            Element() = _before;
        }

        private ref float Element() => ref Model!.Parameters.All[^1].Value.Span[0];
    }
}
