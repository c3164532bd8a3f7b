using System.Runtime.CompilerServices;
using MiniGpt.Autograd;
using MiniGpt.Model;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors;
using Xunit;
using static MiniGpt.Tests.Properties.GradientProperty;
using Layer = System.Func<
    MiniGpt.Autograd.Tape<double>,
    MiniGpt.Autograd.Variable<double>,
    MiniGpt.Autograd.Variable<double>>;

namespace MiniGpt.Tests.Properties;

/// <summary>Backward agrees with differences for every layer, for its input and for each of its parameters, up to a whole GPT.</summary>
public class LayerGradientProperties
{
    private const int Coordinates = 64;

    [Fact]
    public void Linear() => Holds((s, gpt) => ((_, x) => gpt.Blocks[0].Attention.Projection.Forward(x), "h.0.attn.c_proj."));

    [Fact]
    public void Linear_with_its_activation() =>
        Holds((s, gpt) => ((_, x) => gpt.Blocks[0].FeedForward.Up.Forward(x, gpt.Config.Activation), "h.0.mlp.c_fc."));

    // A bias larger than any product keeps what ReLU sees away from its kink.
    [Fact]
    public void Linear_with_ReLU() => Holds((s, gpt) =>
    {
        Linear<double> up = gpt.Blocks[0].FeedForward.Up;
        foreach (ref double bias in up.Bias.Value.Span)
        {
            bias += Math.CopySign(2 * gpt.Config.Width, bias);
        }

        return ((_, x) => up.Forward(x, Activation.Relu), "h.0.mlp.c_fc.");
    });

    [Fact]
    public void There_is_no_activation_without_a_name()
    {
        using var tape = new Tape<double>();
        var gpt = new Gpt<double>(new GptConfig { VocabularySize = 2, Context = 1, Layers = 1, Heads = 1, Width = 2 });
        Variable<double> x = tape.Leaf(new Tensor<double>([1, 1, 2]));
        Assert.Throws<ArgumentOutOfRangeException>(() => gpt.Blocks[0].FeedForward.Up.Forward(x, (Activation)9));
    }

    [Fact]
    public void LayerNorm() => Holds((s, gpt) => ((_, x) => gpt.FinalNorm.Forward(x), "ln_f."));

    [Fact]
    public void MultiHeadAttention() => Holds((s, gpt) => ((_, x) => gpt.Blocks[0].Attention.Forward(x, Dropouts(s)), "h.0.attn."));

    [Fact]
    public void FeedForward() => Holds((s, gpt) => ((_, x) => gpt.Blocks[0].FeedForward.Forward(x, Dropouts(s)), "h.0.mlp."));

    [Fact]
    public void TransformerBlock() => Holds((s, gpt) => ((_, x) => gpt.Blocks[0].Forward(x, Dropouts(s)), "h.0."));

    [Fact]
    public void Two_blocks() =>
        Holds((s, gpt) => ((_, x) => gpt.Blocks[1].Forward(gpt.Blocks[0].Forward(x, Dropouts(s))), "h."));

    [Fact]
    public void Embedding() => Property.Check(s =>
    {
        Gpt<double> gpt = Model(s);
        Tensor<int> ids = Ids(s, gpt, salt: 0);
        AssertPasses(s, gpt, "wte.", (tape, _) => gpt.TokenEmbedding.Forward(tape, ids), []);
    });

    [Fact]
    public void A_whole_Gpt_of_two_layers() => Property.Check(s =>
    {
        Gpt<double> gpt = Model(s);
        Tensor<int> ids = Ids(s, gpt, salt: 0), targets = Ids(s, gpt, salt: 1);
        AssertPasses(s, gpt, "", (tape, _) => gpt.Loss(tape, ids, targets, Dropouts(s)), []);
    });

    [Fact]
    public void A_parameter_that_is_not_trained_gets_no_gradient() => Property.Check(s =>
    {
        Gpt<double> gpt = Model(s);
        using var tape = new Tape<double>();
        tape.Backward(gpt.Loss(tape, Ids(s, gpt, salt: 0), Ids(s, gpt, salt: 1)));
        Assert.All(gpt.Parameters.All, parameter => Assert.Equal(parameter.IsTrained, parameter.Variable.HasGradient));
    });

    private static void Holds(Func<Sizes, Gpt<double>, (Layer Layer, string Parameters)> make, [CallerMemberName] string name = "") =>
        Property.Check(s =>
        {
            Gpt<double> gpt = Model(s);
            (Layer layer, string parameters) = make(s, gpt);
            Tensor<double> x = Any(s, 0, [Examples(s), gpt.Config.Context, gpt.Config.Width]);
            AssertPasses(s, gpt, parameters, (tape, inputs) => layer(tape, inputs[0]), [x]);
        }, name);

    private static void AssertPasses(
        Sizes s, Gpt<double> gpt, string prefix, Func<Tape<double>, IReadOnlyList<Variable<double>>, Variable<double>> function,
        Tensor<double>[] inputs)
    {
        Parameter<double>[] parameters =
            [.. gpt.Parameters.All.Where(p => p.IsTrained && p.Name.StartsWith(prefix, StringComparison.Ordinal))];
        int each = Math.Max(1, Coordinates / (parameters.Length + inputs.Length));
        GradCheckResult result = GradCheck.Run(
            function, inputs, new GradCheckOptions { Coordinates = each, Seed = (ulong)s.Seed }, [.. parameters.Select(p => p.Variable)]);
        string where = result.Input < inputs.Length ? "the input" : parameters[result.Input - inputs.Length].Name;
        Assert.True(result.Passed, $"{where}: {result}");
    }

    private static Gpt<double> Model(Sizes s)
    {
        int heads = 1 + s.Rank % 3;
        var gpt = new Gpt<double>(new GptConfig
        {
            VocabularySize = 2 + s.D % 20,
            Context = 1 + s.B % 12,
            Layers = 2,
            Heads = heads,
            Width = heads * (2 + 2 * (s.C % 3)),
            FeedForwardWidth = 1 + s.A,
            Activation = (s.Choice % 3) switch { 0 => Activation.GeluTanh, 1 => Activation.GeluErf, _ => Activation.Silu },
            Positions = s.Choice % 4 == 0 ? PositionKind.Sinusoidal : PositionKind.Learned,
            TiedHead = s.Uses == 1,
            LayerNormEpsilon = 0.1, // two numbers that are nearly equal are a kink otherwise
        });
        gpt.Initialize((ulong)s.Seed);
        for (int i = 0; i < gpt.Parameters.All.Count; i++)
        {
            Parameter<double> parameter = gpt.Parameters.All[i];
            if (parameter.IsTrained)
            {
                new RandomStream((ulong)s.Seed, RandomPurpose.Sampling, step: 1, (ulong)i).FillUniform(parameter.Value.Span, -0.8, 0.8);
            }
        }

        return gpt;
    }

    private static int Examples(Sizes s) => 1 + s.A % 2;

    private static DropoutStreams? Dropouts(Sizes s) => s.Flag() ? new DropoutStreams(0.2, (ulong)s.Seed, 0) : null;

    private static Tensor<int> Ids(Sizes s, Gpt<double> gpt, int salt) =>
        Integers(s with { Seed = s.Seed ^ salt }, [Examples(s), gpt.Config.Context], 0, gpt.Config.VocabularySize);
}
