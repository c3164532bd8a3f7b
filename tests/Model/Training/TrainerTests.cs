using System.Runtime.InteropServices;
using MiniGpt.Autograd;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Data;
using MiniGpt.Model.Training;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Threading;
using Xunit;

namespace MiniGpt.Tests.Model.Training;

[Collection("Alone")]
public sealed class TrainerTests
{
    private static readonly TrainingOptions s_options = new()
    {
        Layers = 2,
        Heads = 2,
        Width = 32,
        Context = 16,
        BatchSize = 4,
        Accumulate = 2,
        Steps = 100_000,
    };

    [Fact]
    public void A_warm_step_allocates_nothing_on_the_managed_heap()
    {
        using Trainer<float> trainer = NewTrainer();
        Allocations.AssertNone(() =>
        {
            for (int step = 0; step < 5; step++)
                trainer.Step();
        });
    }

    [Fact]
    public void Two_micro_batches_of_two_rows_are_one_batch_of_four()
    {
        using Trainer<float> whole = NewTrainer(s_options with { BatchSize = 4, Accumulate = 1 });
        using Trainer<float> halves = NewTrainer(s_options with { BatchSize = 2, Accumulate = 2 });
        for (int step = 0; step < 3; step++)
        {
            StepMetrics one = whole.Step(), two = halves.Step();
            Assert.Equal(one.Loss, two.Loss, 1e-5);
            Assert.Equal(one.GradientNorm, two.GradientNorm, 1e-4);
            Assert.Equal(one.Tokens, two.Tokens);
        }
    }

    [Fact]
    public void A_profile_counts_every_product_of_a_step_and_adds_up_to_the_wall_time()
    {
        TrainingOptions options = s_options with { Accumulate = 1 };
        using Trainer<float> trainer = NewTrainer(options);
        trainer.Profile = new Profile();
        trainer.Step();
        trainer.Step();
        IReadOnlyList<ProfileRow> rows = ProfileReport.Rows(trainer.Profile, ceiling: 1e12);

        ProfileRow whole = rows[^1];
        Assert.Equal(whole.Milliseconds, rows.SkipLast(1).Sum(row => row.Milliseconds), 1e-6 * whole.Milliseconds);
        Assert.All(rows, row => Assert.InRange(row.Milliseconds, 0, whole.Milliseconds));
        Assert.Equal(1, whole.Share);

        // Each weight is multiplied once forward and twice backward; a position looks at half of the others on average, and at itself.
        int width = options.Width, context = options.Context;
        double weights = options.Layers * 12 * width * width + 40 * width;
        double attention = 6.0 * options.Layers * width * (context + 1);
        double expected = 2 * trainer.TokensOfStep * (6 * weights + attention);
        Assert.Equal(expected, trainer.Profile.Entries.Sum(entry => entry.Operations));
        Assert.Equal(whole.FlopsPerSecond!.Value, expected / whole.Milliseconds * 1000, 1e-6 * expected);
        Assert.Equal(["Batch", "Gradient norm", "Optimizer"],
            rows.Where(row => row is { Pass: ProfilePass.Other, Calls: 2 }).Select(row => row.Operator).Order());
        Assert.Equal(2 * options.Layers, rows.Single(row => row is { Operator: "Attention", Pass: ProfilePass.Backward }).Calls);
    }

    [Fact]
    public void Two_hundred_steps_write_the_same_bits_on_one_thread_and_on_two()
    {
        int before = Workers.Count;
        try
        {
            byte[] alone = AfterSteps(threads: 1);
            Assert.Equal(alone, AfterSteps(threads: 2));
            Assert.NotEqual(alone, AfterSteps(threads: 1, steps: 1));
        }
        finally
        {
            Workers.Count = before;
        }

        // Parameters and both moments, and with them every loss and gradient on the way.
        static byte[] AfterSteps(int threads, int steps = 200)
        {
            Workers.Count = threads;
            TrainingOptions options = s_options with { Width = 64, Context = 64, BatchSize = 3, Accumulate = 1, Dropout = 0.1, LearningRate = 1e-2 };
            using Trainer<float> trainer = NewTrainer(options, out Decoder<float> gpt);
            for (int step = 0; step < steps; step++)
                trainer.Step();

            IEnumerable<Tensor<float>> state = trainer.Optimizer.State.SelectMany(state => state.Parts.Select(part => part.Values));
            return [.. state.Prepend(gpt.Parameters.Values).SelectMany(values => MemoryMarshal.AsBytes<float>(values.Span).ToArray())];
        }
    }

    [Fact]
    public void Steps_reuse_the_memory_of_the_second_one()
    {
        using Trainer<float> trainer = NewTrainer();
        trainer.Step();
        trainer.Step();
        long bytes = trainer.ActivationBytes;
        for (int step = 0; step < 20; step++)
        {
            trainer.Step();
            Assert.Equal(bytes, trainer.ActivationBytes);
        }

        Assert.InRange(bytes, 1, 4 << 20);
    }

    private static Trainer<float> NewTrainer(TrainingOptions? options = null) => NewTrainer(options ?? s_options, out _);

    private static Trainer<float> NewTrainer(TrainingOptions options, out Decoder<float> gpt)
    {
        int[] ids = [.. Enumerable.Range(0, 500).Select(i => new RandomStream(1, RandomPurpose.Evaluation).Below((ulong)i, 40))];
        gpt = new Decoder<float>(options.ToConfig(vocabularySize: 40));
        gpt.Initialize(options.Seed);
        return Steps.Trainer(gpt, options, TokenSource.FromIds(ids, 40), ceiling: 1e12);
    }
}
