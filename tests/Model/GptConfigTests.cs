using MiniGpt.Model;
using MiniGpt.Model.Formats;
using Xunit;

namespace MiniGpt.Tests.Model;

public class GptConfigTests
{
    private static readonly GptConfig s_gpt2 = new() { VocabularySize = 50257, Context = 1024, Layers = 12, Heads = 12, Width = 768 };

    [Fact]
    public void Parameters_are_counted_as_Hugging_Face_counts_them()
    {
        Assert.Equal(124_439_808, s_gpt2.ParameterCount);
        Assert.Equal(354_823_168, (s_gpt2 with { Layers = 24, Heads = 16, Width = 1024 }).ParameterCount);
        Assert.Equal(1_557_611_200, (s_gpt2 with { Layers = 48, Heads = 25, Width = 1600 }).ParameterCount);
        Assert.Equal(124_439_808 + 50257 * 768, (s_gpt2 with { TiedHead = false }).ParameterCount);
        Assert.Equal(124_439_808 - 1024 * 768, (s_gpt2 with { Positions = PositionKind.Sinusoidal }).ParameterCount);
    }

    [Fact]
    public void Parameters_are_as_many_as_a_model_file_holds()
    {
        using SafetensorsReader reader = SafetensorsReader.Open(Fixtures.File("gpt2-tiny", "model.safetensors"));
        Assert.Equal(reader.Entries.Sum(entry => entry.Count), ConfigJson.Read(Fixtures.File("gpt2-tiny", "config.json")).ParameterCount);
    }

    [Fact]
    public void The_feed_forward_width_follows_the_width_unless_it_is_given()
    {
        Assert.Equal(3072, s_gpt2.FeedForwardWidth);
        Assert.Equal(64, (s_gpt2 with { Width = 16 }).FeedForwardWidth);
        Assert.Equal(100, (s_gpt2 with { FeedForwardWidth = 100, Width = 16 }).FeedForwardWidth);
    }

    [Fact]
    public void A_broken_rule_is_one_line_with_the_value()
    {
        Assert.Equal("4 heads do not divide a width of 130", Message(s_gpt2 with { Heads = 4, Width = 130 }));
        Assert.Equal("the context must be positive, it is 0", Message(s_gpt2 with { Context = 0 }));
        Assert.Equal("the dropout must be at least 0 and less than 1, it is NaN", Message(s_gpt2 with { Dropout = double.NaN }));
        GptConfig odd = s_gpt2 with { Heads = 1, Width = 7, Positions = PositionKind.Sinusoidal };
        Assert.Contains("must be even", Message(odd), StringComparison.Ordinal);
        s_gpt2.Validate();
    }

    [Theory]
    [InlineData(1 << 29)]
    [InlineData(1 << 30)]
    [InlineData(int.MaxValue)]
    public void A_width_beyond_measure_is_refused_and_overflows_nothing(int width) =>
        Assert.Throws<ArgumentException>(() => (s_gpt2 with { Width = width, Heads = 1, Layers = int.MaxValue }).Validate());

    [Fact]
    public void Names_are_those_of_Hugging_Face()
    {
        Assert.Equal(["gelu_new", "gelu", "relu", "silu"], OptionNames.All<Activation>());
        Assert.Equal("gelu_new", OptionNames.Of(Activation.GeluTanh));
        Assert.True(OptionNames.TryParse("gelu", out Activation activation));
        Assert.Equal(Activation.GeluErf, activation);
        Assert.False(OptionNames.TryParse<Activation>("GeluErf", out _));
        Assert.Throws<ArgumentException>(() => OptionNames.Of((Activation)9));
    }

    private static string Message(GptConfig config) => Assert.Throws<ArgumentException>(config.Validate).Message;
}
