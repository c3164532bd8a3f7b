using MiniGpt.Model.Architectures;
using MiniGpt.Model.Data;
using MiniGpt.Model.Layers;
using MiniGpt.Model.Optimization;
using MiniGpt.Model.Training;
using MiniGpt.Tensors;
using Xunit;

namespace MiniGpt.Tests.Model.Training;

public sealed class MemoryEstimateTests
{
    private static readonly TransformerConfig s_baby = Gpt2.Config(65, 256, 6, 6, 384);

    /// <summary>Never much less than a step takes, which would let a run begin that cannot go on, and never so much more that it keeps one from beginning.</summary>
    [Theory]
    [InlineData(4, 4, 128, 64, 12, 65, 0)]
    [InlineData(4, 4, 128, 64, 12, 65, 0.2)]
    [InlineData(2, 6, 384, 256, 2, 65, 0)]
    [InlineData(2, 4, 64, 64, 8, 8000, 0)]
    [InlineData(1, 2, 32, 16, 4, 40, 0)]
    [InlineData(8, 2, 32, 128, 4, 300, 0.1)]
    public void The_activations_of_a_step_are_those_estimated(int layers, int heads, int width, int context, int batchSize, int vocabulary, double dropout)
    {
        TrainingOptions options = new()
        {
            Layers = layers,
            Heads = heads,
            Width = width,
            Context = context,
            BatchSize = batchSize,
            Dropout = dropout,
        };
        TransformerConfig config = options.ToConfig(vocabulary);
        int[] ids = [.. Enumerable.Range(0, 4 * context).Select(i => i * 7 % vocabulary)];
        Decoder<float> gpt = new(config);
        gpt.Initialize(1);
        using Trainer<float> trainer = Steps.Trainer(gpt, options, TokenSource.FromIds(ids, vocabulary), ceiling: 1e12);
        trainer.Step();
        trainer.Step();
        double estimated = MemoryEstimate.Of(config, batchSize).Activations;
        TestContext.Current.TestOutputHelper!.WriteLine($"{trainer.ActivationBytes} taken, {estimated} estimated: {estimated / trainer.ActivationBytes:F2}");
        Assert.InRange(estimated / trainer.ActivationBytes, 0.9, 1.6);
    }

    [Fact]
    public void Weights_gradients_and_moments_are_counted_exactly()
    {
        Decoder<float> model = new(Gpt2.Config(65, 64, 2, 2, 32));
        AdamW<float> optimizer = new(model.Parameters, new AdamWOptions(0.9, 0.99, 1e-8, 0));
        long weights = model.Parameters.Trained.Sum(parameter => Bytes(parameter.Value));
        long gradients = model.Parameters.Trained.Sum(parameter => Bytes(parameter.Variable.GradientTarget(out _)));
        long moments = optimizer.State.Sum(state => state.Parts.Sum(part => Bytes(part.Values)));
        MemoryEstimate estimate = MemoryEstimate.Of(model.Config, 1);
        Assert.Equal((weights, gradients + moments), (estimate.Weights, estimate.Optimizer));
        Assert.Equal(estimate.Weights + estimate.Optimizer + estimate.Activations + estimate.Objects, estimate.Total);

        // Tables of tokens and positions, six blocks of matrices and vectors, the last norm: by hand.
        Assert.Equal(4L * ((65 + 256) * 384 + 6 * (12 * 384 * 384 + 13 * 384) + 2 * 384), MemoryEstimate.Of(s_baby, 1).Weights);

        static long Bytes(Tensor<float> tensor) => sizeof(float) * (long)tensor.Span.Length;
    }

    [Fact]
    public void Sums_that_wait_are_as_many_as_the_tree_is_deep_and_ranks_divide_them_and_the_moments()
    {
        MemoryEstimate one = MemoryEstimate.Of(s_baby, 1), eight = MemoryEstimate.Of(s_baby, 1, accumulate: 8), rank = MemoryEstimate.Of(s_baby, 1, 8, ranks: 4);
        Assert.Equal((0, 3 * one.Weights, one.Weights), (one.Sums, eight.Sums, rank.Sums));
        Assert.Equal((3 * one.Weights, 3 * one.Weights, one.Weights + one.Weights / 2), (one.Optimizer, eight.Optimizer, rank.Optimizer));
        Assert.Equal(eight.Weights + eight.Optimizer + eight.Sums + eight.Activations + eight.Objects, eight.Total);
    }

    // Measured of the whole process: 867 MB at 12,000 blocks of width 1, 394 MB at 4,000, which is 59 KB a block.
    [Fact]
    public void Very_many_blocks_of_width_1_count_though_they_have_few_numbers() =>
        Assert.InRange(MemoryEstimate.Of(Gpt2.Config(18, 8, 1_000_000, 1, 1), 24).Total, 59_000_000_000, 200_000_000_000);

    [Fact]
    public void There_is_some_memory() => Assert.InRange(MemoryLimit.Find().Bytes, 1 << 20, long.MaxValue);

    [Theory]
    [InlineData(1_500_000_000, SizeChange.Batch, 6, 384, 256, 16, 4)]
    [InlineData(600_000_000, SizeChange.Batch, 6, 384, 256, 4, 16)]
    [InlineData(450_000_000, SizeChange.Context, 6, 384, 64, 1, 64)]
    [InlineData(100_000_000, SizeChange.Model, 3, 192, 16, 1, 1)]
    public void Sizes_that_fit_change_the_least(long bytes, SizeChange change, int layers, int width, int context, int batchSize, int accumulate)
    {
        FittingSizes sizes = MemoryEstimate.FindFitting(s_baby, TrainingOptions.For(TrainingPreset.Baby) with { Dropout = 0 }, bytes)!;
        Assert.Equal(change, sizes.Change);
        Assert.Equal((layers, width, context), (sizes.Config.Layers, sizes.Config.Width, sizes.Config.Context));
        Assert.Equal((batchSize, accumulate), (sizes.BatchSize, sizes.Accumulate));
        Assert.InRange(sizes.Estimate.Total, 1, bytes);
    }

    [Fact]
    public void There_is_a_memory_into_which_no_size_fits() =>
        Assert.Null(MemoryEstimate.FindFitting(s_baby, TrainingOptions.For(TrainingPreset.Baby), 1000));
}
