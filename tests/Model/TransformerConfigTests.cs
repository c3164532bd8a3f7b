using MiniGpt.Model;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Layers;
using Xunit;

namespace MiniGpt.Tests.Model;

public class TransformerConfigTests
{
    private static readonly TransformerConfig s_gpt2 = Gpt2.Config(50257, 1024, 12, 12, 768);

    [Fact]
    public void Parameters_are_counted_as_Hugging_Face_counts_them()
    {
        Assert.Equal(124_439_808, Count(s_gpt2));
        Assert.Equal(354_823_168, Count(Gpt2.Config(50257, 1024, 24, 16, 1024)));
        Assert.Equal(1_557_611_200, Count(Gpt2.Config(50257, 1024, 48, 25, 1600)));
        Assert.Equal(124_439_808 + 50257 * 768, Count(s_gpt2 with { Head = HeadKind.Own }));
        Assert.Equal(124_439_808 - 1024 * 768, Count(s_gpt2 with { Positions = new() { Kind = PositionKind.Sinusoidal } }));
    }

    [Fact]
    public void Parameters_are_as_many_as_a_model_file_holds()
    {
        using SafetensorsReader reader = SafetensorsReader.Open(Fixtures.File("gpt2-tiny", "model.safetensors"));
        Assert.Equal(reader.Entries.Sum(entry => entry.Count), Count(ConfigJson.Read(Fixtures.File("gpt2-tiny", "config.json"))));
    }

    [Fact]
    public void The_feed_forward_width_follows_the_width_unless_it_is_given()
    {
        Assert.Equal(3072, s_gpt2.FeedForwardWidth);
        Assert.Equal(64, (s_gpt2 with { Width = 16 }).FeedForwardWidth);
        Assert.Equal(100, (s_gpt2 with { FeedForward = new() { Width = 100 }, Width = 16 }).FeedForwardWidth);
    }

    [Fact]
    public void A_broken_rule_is_one_line_with_the_value()
    {
        Assert.Equal("4 heads do not divide a width of 130", Message(Gpt2.Config(50257, 1024, 12, heads: 4, width: 130)));
        Assert.Equal("the context must be positive, it is 0", Message(s_gpt2 with { Context = 0 }));
        Assert.Equal("the dropout must be at least 0 and less than 1, it is NaN", Message(s_gpt2 with { Dropout = double.NaN }));
        TransformerConfig odd = Gpt2.Config(50257, 1024, 12, heads: 1, width: 7) with { Positions = new() { Kind = PositionKind.Sinusoidal } };
        Assert.Contains("must be even", Message(odd), StringComparison.Ordinal);
        s_gpt2.Validate();
    }

    [Theory]
    [InlineData(1 << 29)]
    [InlineData(1 << 30)]
    [InlineData(int.MaxValue)]
    public void A_width_beyond_measure_is_refused_and_overflows_nothing(int width) =>
        Assert.Throws<ArgumentException>(() => Gpt2.Config(50257, 1024, int.MaxValue, heads: 1, width).Validate());

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

    private static long Count(TransformerConfig config) => new ModelShape(config).TrainedCount;

    private static string Message(TransformerConfig config) => Assert.Throws<ArgumentException>(config.Validate).Message;
}
