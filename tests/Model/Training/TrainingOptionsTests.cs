using System.Text.Json;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Data;
using MiniGpt.Model.Layers;
using MiniGpt.Model.Optimization;
using MiniGpt.Model.Tokenizers;
using MiniGpt.Model.Training;
using Xunit;

namespace MiniGpt.Tests.Model.Training;

public class TrainingOptionsTests
{
    [Theory]
    [InlineData(TrainingPreset.Quick, 65, 65 * 128 + 4 * (4 * 128 * 128 + 3 * 128 * 352 + 2 * 128 + 2 * 32) + 128)]
    [InlineData(TrainingPreset.LongRun, 65, 65 * 192 + 5 * (4 * 192 * 192 + 3 * 192 * 512 + 2 * 192 + 2 * 32) + 192)]
    [InlineData(TrainingPreset.Tiny, 65, 65 * 128 + 64 * 128 + 4 * (12 * 128 * 128 + 13 * 128) + 2 * 128)]
    [InlineData(TrainingPreset.Baby, 65, 65 * 384 + 256 * 384 + 6 * (12 * 384 * 384 + 13 * 384) + 2 * 384)]
    [InlineData(TrainingPreset.Gpt2, 50257, 124_439_808)]
    public void A_preset_is_valid_and_has_its_size(TrainingPreset preset, int vocabularySize, long parameters)
    {
        TrainingOptions options = TrainingOptions.For(preset);
        options.Validate();
        Assert.Equal(parameters, new ModelShape(options.ToConfig(vocabularySize)).TrainedCount);
    }

    [Fact]
    public void A_depth_of_four_is_the_preset_quick_and_larger_ones_grow_in_all_sizes()
    {
        TrainingOptions quick = TrainingOptions.For(TrainingPreset.Quick), six = TrainingOptions.ForDepth(6);
        Assert.Equal(quick, TrainingOptions.ForDepth(4));
        Assert.Equal((6, 6, 192, 256, 8), (six.Layers, six.Heads, six.Width, six.Context, six.BatchSize));
        Assert.Equal((1780, 0, quick.MatrixRate), (six.Steps, six.Dropout, six.MatrixRate)); // 790 steps times 1.5 squared
        Assert.Equal(0.2, TrainingOptions.ForDepth(7).Dropout);
        Assert.Equal(new DropoutRates(0.1, Attention: 0.3), (six with { Dropout = 0.1, AttentionDropout = 0.3 }).DropoutRates);
        Assert.Equal(new DropoutRates(0.1, Attention: 0.1), (six with { Dropout = 0.1 }).DropoutRates);
        for (int depth = 1; depth <= TrainingOptions.MostDepth; depth++)
            TrainingOptions.ForDepth(depth).Validate();
        Assert.Throws<ArgumentException>(() => TrainingOptions.ForDepth(TrainingOptions.MostDepth + 1));
    }

    [Theory]
    [InlineData(1_003_854, 790, 0)] // Shakespeare: 790 steps of 12 rows of 128 go over it 1.2 times
    [InlineData(142_796, 790, 0.1)] // 8.5 times
    [InlineData(80_000, 790, 0.2)] // 15.2 times
    [InlineData(18_000, 351, 0.2)] // 30 · 18,000 / 1536
    [InlineData(0, 200, 0.2)]
    public void A_short_text_is_learned_with_dropout_and_a_very_short_one_with_fewer_steps(long tokens, int steps, double dropout)
    {
        TrainingOptions quick = TrainingOptions.For(TrainingPreset.Quick);
        Assert.Equal(quick with { Steps = steps, Dropout = dropout }, quick.ForShortText(tokens));
        Assert.Equal(150, (quick with { Steps = 150 }).ForShortText(tokens).Steps);
        Assert.Equal(0.3, (quick with { Dropout = 0.3 }).ForShortText(tokens).Dropout);
        Assert.Equal(2000, TrainingOptions.For(TrainingPreset.LongRun).ForShortText(1_003_854).Steps); // 4.1 times, without dropout
    }

    [Fact]
    public void Options_come_back_from_JSON()
    {
        TrainingOptions options = TrainingOptions.For(TrainingPreset.Baby) with
        {
            Data = ["本.txt", "-"],
            ValidationData = "more.txt",
            Unknown = UnknownCharacter.Skip,
            VocabularySize = 300,
            Activation = Activation.GeluErf,
            Positions = PositionKind.Sinusoidal,
            Batches = BatchOrder.Sequential,
            Schedule = ScheduleKind.Linear,
            Seed = ulong.MaxValue,
            CheckpointEvery = 0,
            LearningRate = 0.1 + 0.2,
        };
        string json = options.ToJson();
        TrainingOptions again = TrainingOptions.FromJson(json);
        Assert.Equal(options with { Data = again.Data }, again);
        Assert.Equal(options.Data, again.Data);
        Assert.Contains("\"min_learning_rate\": 0.0001", json, StringComparison.Ordinal);
        Assert.Contains("\"activation\": \"gelu\"", json, StringComparison.Ordinal);
        Assert.DoesNotContain("learning_rates", json, StringComparison.Ordinal);
    }

    [Fact]
    public void What_JSON_leaves_out_has_its_default() =>
        Assert.Equal(2000, TrainingOptions.FromJson("{}").Steps);

    [Theory]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{\"steps\":\"many\"}")]
    [InlineData("{\"step\":1}")]
    [InlineData("{\"data\":null}")]
    [InlineData("{\"schedule\":1}")]
    [InlineData("{\"schedule\":\"rising\"}")]
    public void JSON_of_something_else_is_refused(string json) => Assert.Throws<JsonException>(() => TrainingOptions.FromJson(json));

    [Fact]
    public void A_broken_rule_is_one_line_with_the_value()
    {
        TrainingOptions tiny = new();
        Assert.Equal("the number of steps must be positive, it is 0", Message(tiny with { Steps = 0 }));
        Assert.Equal("the learning rate must be positive, it is NaN", Message(tiny with { LearningRate = double.NaN }));
        Assert.Equal("the minimum learning rate 0.1 is above the learning rate 0.001", Message(tiny with { MinLearningRate = 0.1 }));
        Assert.Equal("3 heads do not divide a width of 128", Message(tiny with { Heads = 3 }));
        Assert.Equal("the beta2 must be at least 0 and less than 1, it is 1", Message(tiny with { Beta2 = 1 }));
        Assert.Equal("the dropout of attention must be at least 0 and less than 1, it is 1.5", Message(tiny with { AttentionDropout = 1.5 }));
        Assert.Equal("a dropout of attention, 0.1, goes with models that have attention alone", Message(tiny with { Architecture = "lstm", AttentionDropout = 0.1 }));
        Assert.Equal("the clip norm must not be negative, it is -1", Message(tiny with { ClipNorm = -1 }));
        Assert.Equal("the number of steps between checkpoints must not be negative, it is -1", Message(tiny with { CheckpointEvery = -1 }));
        Assert.Equal("a learning rate of matrices, 0.5, goes with Muon alone", Message(tiny with { MatrixRate = 0.5 }));
        Assert.Equal("a base of rotary positions, 500, goes with rotary positions alone", Message(tiny with { RotaryBase = 500 }));
        Assert.Contains("too large", Message(tiny with { BatchSize = int.MaxValue }), StringComparison.Ordinal);
    }

    private static string Message(TrainingOptions options) => Assert.Throws<ArgumentException>(options.Validate).Message;
}
