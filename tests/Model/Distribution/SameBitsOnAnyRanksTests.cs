using System.Runtime.InteropServices;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Data;
using MiniGpt.Model.Distribution;
using MiniGpt.Model.Optimization;
using MiniGpt.Model.Tasks;
using MiniGpt.Model.Training;
using MiniGpt.Tensors;
using Xunit;

namespace MiniGpt.Tests.Model.Distribution;

/// <summary>A model that ranks train together, each with its own part of the work and of the optimizer's state, beside one that a process trains alone.</summary>
[Collection("Alone")]
public sealed class SameBitsOnAnyRanksTests
{
    private const int Vocabulary = 40;

    private static readonly TokenSource s_tokens =
        TokenSource.FromIds([.. Enumerable.Range(0, 900).Select(i => new RandomStream(1, RandomPurpose.Evaluation).Below((ulong)i, Vocabulary))], Vocabulary);

    private static readonly TrainingOptions s_adamW = new()
    {
        Layers = 2,
        Heads = 2,
        Width = 32,
        Context = 16,
        BatchSize = 2,
        Accumulate = 8,
        Dropout = 0.1,
        ClipNorm = 0.5,
        WarmupSteps = 0,
        LearningRate = 1e-2,
        Steps = 100,
    };

    private static readonly TrainingOptions s_muon = TrainingOptions.For(TrainingPreset.Quick) with
    {
        Layers = 2,
        Heads = 2,
        Width = 48,
        Context = 16,
        BatchSize = 2,
        Accumulate = 8,
        Dropout = 0.1,
        Steps = 100,
    };

    public static TheoryData<string, int, int> Cases => new()
    {
        { "adamw", 8, 2 }, { "adamw", 8, 4 }, { "adamw", 8, 8 }, { "adamw", 8, 3 }, { "adamw", 7, 5 }, { "adamw", 6, 4 },
        { "muon", 8, 2 }, { "muon", 8, 4 }, { "muon", 8, 8 }, { "muon", 8, 3 }, { "muon", 7, 5 },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Losses_norms_and_parameters_are_those_of_one_process(string optimizer, int accumulate, int ranks)
    {
        TrainingOptions options = (optimizer == "muon" ? s_muon : s_adamW) with { Accumulate = accumulate };
        (StepMetrics[] alone, byte[] expected) = Train(options, OneRank.Instance, 6);
        Assert.NotEqual(alone[0].Loss, alone[5].Loss);
        foreach ((StepMetrics[] steps, byte[] values) in ThreadRanks.Run(ranks, rank => Train(options, rank, 6)))
        {
            Assert.Equal(alone.Select(step => (step.Loss, step.GradientNorm)), steps.Select(step => (step.Loss, step.GradientNorm)));
            Assert.Equal(expected, values);
        }
    }

    [Fact]
    public void A_rank_keeps_its_share_of_the_state_and_all_ranks_together_keep_it_once()
    {
        TrainingOptions[] all =
            [s_adamW, s_muon with { Width = 64, Layers = 4, Heads = 4 }, TrainingOptions.For(TrainingPreset.Quick), TrainingOptions.For(TrainingPreset.Baby)];
        foreach (TrainingOptions options in all)
        {
            long whole = StateOf(options, OneRank.Instance);
            long[] shares = ThreadRanks.Run(4, ranks => StateOf(options, ranks));
            Assert.Equal(whole, shares.Sum());
            Assert.All(shares, share => Assert.InRange(share, 0, (long)(0.3 * whole)));
        }

        static long StateOf(TrainingOptions options, ICollective ranks)
        {
            Optimizer<float> optimizer = options.CreateOptimizer(ModelOf(options).Parameters, ranks);
            return optimizer.State.SelectMany(state => state.Parts).SelectMany(part => part.Pieces).Sum(piece => piece.Numbers.Count);
        }
    }

    [Fact]
    public void Evaluations_are_those_of_one_process()
    {
        Decoder<float> model = ModelOf(s_adamW);
        using NextTokenTask<float> alone = new(model, s_adamW.NextToken with { EvalBatches = 3, BatchSize = 5 }, s_tokens, s_tokens.Slice(0, 333));
        (double, double?, double?) expected = (alone.TrainLoss(), alone.ValidationLoss(whole: false), alone.ValidationLoss(whole: true));
        Assert.All(ThreadRanks.Run(4, ranks =>
        {
            using NextTokenTask<float> task = new(
                ModelOf(s_adamW), s_adamW.NextToken with { EvalBatches = 3, BatchSize = 5 }, s_tokens, s_tokens.Slice(0, 333), tokenizer: null, ranks);
            return (task.TrainLoss(), task.ValidationLoss(whole: false), task.ValidationLoss(whole: true));
        }), found => Assert.Equal(expected, found));
    }

    [Fact]
    public void Gradients_rounded_on_the_wire_end_near_the_exact_ones_and_nowhere_else()
    {
        TrainingOptions options = s_adamW with { Dropout = 0 };
        (StepMetrics[] exact, byte[] values) = Train(options, OneRank.Instance, 4);
        (StepMetrics[] Steps, byte[] Values)[] rounded = ThreadRanks.Run(2, ranks => Train(options with { Wire = WireType.BFloat16 }, ranks, 4));
        Assert.Equal(rounded[0].Values, rounded[1].Values);
        Assert.NotEqual(values, rounded[0].Values);
        Assert.Equal(exact[0].Loss, rounded[0].Steps[0].Loss);
        Assert.Equal(exact[0].GradientNorm, rounded[0].Steps[0].GradientNorm, 4e-3 * exact[0].GradientNorm);
        Assert.Equal(exact[3].Loss, rounded[0].Steps[3].Loss, 1e-2);
    }

    [Fact]
    public void A_step_sends_each_gradient_and_each_parameter_once()
    {
        TrainingOptions options = s_adamW with { Width = 128, Layers = 4, Heads = 4, Accumulate = 2 };
        long bytes = sizeof(float) * ModelOf(options).Parameters.TrainedCount;
        long[] sent = ThreadRanks.Run(2, ranks =>
        {
            Train(options, ranks, 1);
            return ranks.Sent;
        });
        // Half of the gradients to the other rank, half of the parameters back; where a chunk of the norm is cut, both ranks need all of it.
        Assert.Equal(2, sent.Length);
        Assert.InRange(sent.Sum(), 2 * bytes, 2.5 * bytes);
    }

    [Fact]
    public void More_ranks_than_micro_batches_are_refused() =>
        Assert.Contains("3 ranks found, at most the 2 micro-batches", Assert.Throws<AggregateException>(
            () => ThreadRanks.Run(3, ranks => Train(s_adamW with { Accumulate = 2 }, ranks, 1))).InnerException!.Message);

    [Fact]
    public void Numbers_that_are_not_finite_are_found_by_all_ranks_and_named()
    {
        string[] names = ThreadRanks.Run(4, ranks =>
        {
            Decoder<float> model = ModelOf(s_adamW);
            model.Parameters.Trained.Last(parameter => parameter.Shape.Rank == 2).Value.Span[0] = float.NaN;
            using Trainer<float> trainer = TrainerOf(model, s_adamW, ranks);
            return Assert.Throws<TrainingDivergedException>(() => trainer.Step()).Message;
        });
        Assert.Single(names.Distinct());
        Decoder<float> alone = ModelOf(s_adamW);
        alone.Parameters.Trained.Last(parameter => parameter.Shape.Rank == 2).Value.Span[0] = float.NaN;
        using Trainer<float> trainer = TrainerOf(alone, s_adamW, OneRank.Instance);
        Assert.Equal(Assert.Throws<TrainingDivergedException>(() => trainer.Step()).Message, names[0]);
    }

    private static (StepMetrics[] Steps, byte[] Values) Train(TrainingOptions options, ICollective ranks, int steps)
    {
        Decoder<float> model = ModelOf(options);
        using Trainer<float> trainer = TrainerOf(model, options, ranks);
        StepMetrics[] metrics = [.. Enumerable.Range(0, steps).Select(_ => trainer.Step())];
        return (metrics, MemoryMarshal.AsBytes<float>(model.Parameters.Values.Span).ToArray());
    }

    private static Trainer<float> TrainerOf(Decoder<float> model, TrainingOptions options, ICollective ranks) => new(
        new NextTokenTask<float>(model, options.NextToken, s_tokens), options.CreateOptimizer(model.Parameters, ranks), options.LearningRates, options.ClipNorm,
        ceiling: 1e12, ranks, options.Wire);

    private static Decoder<float> ModelOf(TrainingOptions options)
    {
        Decoder<float> model = new(options.ToConfig(Vocabulary));
        model.Initialize(options.Seed);
        return model;
    }
}
