using MiniGpt.Autograd;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Layers;
using MiniGpt.Tests.Tensors;
using Xunit;

namespace MiniGpt.Tests.Model.Layers;

/// <summary>What layers hand on and the weights of attention are dropped with a probability of their own each.</summary>
public sealed class DropoutRatesTests
{
    private static readonly Decoder<double> s_model = Model();

    [Fact]
    public void Without_dropout_of_attention_its_output_is_dropped_alone()
    {
        double[] plain = Attention(dropout: null), dropped = Attention(new DropoutStreams(new DropoutRates(0.3, Attention: 0), 1, 0));
        Assert.All(plain.Zip(dropped), pair => Assert.True(pair.Second == 0 || Math.Abs(pair.Second - pair.First / 0.7) < 1e-12));
        Assert.InRange(dropped.Count(value => value == 0) / (double)dropped.Length, 0.2, 0.4);
    }

    [Fact]
    public void Dropout_of_attention_alone_changes_what_attention_sums_and_nothing_else()
    {
        DropoutRates rates = new(0, Attention: 0.3);
        Assert.Equal(FeedForward(dropout: null), FeedForward(new DropoutStreams(rates, 1, 0)));
        double[] plain = Attention(dropout: null), dropped = Attention(new DropoutStreams(rates, 1, 0));
        Assert.DoesNotContain(0, dropped);
        Assert.True(plain.Zip(dropped).Count(pair => Math.Abs(pair.First - pair.Second) > 1e-6) > plain.Length / 2);
    }

    [Fact]
    public void Streams_are_made_where_something_is_dropped()
    {
        Assert.Null(DropoutStreams.For(0, 1, 0));
        Assert.Equal(new DropoutRates(0.2, 0.2), DropoutStreams.For(0.2, 1, 0)!.Rates);
        Assert.NotNull(DropoutStreams.For(new DropoutRates(0, 0.1), 1, 0));
    }

    private static double[] Attention(DropoutStreams? dropout) => Run((x, pass) => s_model.Stack.Blocks[0].Attention.Forward(x, pass), dropout);

    private static double[] FeedForward(DropoutStreams? dropout) => Run((x, pass) => s_model.Stack.Blocks[0].FeedForward.Forward(x, pass), dropout);

    private static double[] Run(Func<Variable<double>, ForwardPass<double>, Variable<double>> layer, DropoutStreams? dropout)
    {
        using Tape<double> tape = new(records: false);
        Variable<double> x = tape.Constant(Samples.Random<double>([2, 12, 32], 2));
        return Samples.Doubles(layer(x, new ForwardPass<double>(tape) { Dropout = dropout }).Value);
    }

    private static Decoder<double> Model()
    {
        Decoder<double> model = new(Llama.Config(new ModelSizes(11, 12, 1, 4, 32)) with { InitializerRange = 0.5 });
        model.Initialize(3);
        return model;
    }
}
