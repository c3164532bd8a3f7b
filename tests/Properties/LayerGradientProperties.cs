using System.Runtime.CompilerServices;
using MiniGpt.Autograd;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors;
using Xunit;
using static MiniGpt.Tests.Properties.GradientProperty;
using Layer = System.Func<
    MiniGpt.Autograd.Tape<double>,
    MiniGpt.Autograd.Variable<double>,
    MiniGpt.Autograd.Variable<double>>;

namespace MiniGpt.Tests.Properties;

/// <summary>Backward agrees with differences for every layer, for its input and for each of its parameters, up to a whole decoder, for every choice of its parts.</summary>
public class LayerGradientProperties
{
    private const int Coordinates = 64;

    [Fact]
    public void Linear() => Holds((s, model) => ((_, x) => Block(model).Attention.QueryKeyValue.Forward(x), "blocks.0.attention.qkv."));

    [Fact]
    public void Linear_with_its_activation() =>
        Holds((s, model) => ((_, x) => Block(model).FeedForward.Up.Forward(x, model.Config.FeedForward.Activation), "blocks.0.feed_forward.up."));

    // A bias larger than any product keeps what ReLU sees away from its kink.
    [Fact]
    public void Linear_with_ReLU() => Property.Check(s =>
    {
        Decoder<double> model = Model(s, config => config with { FeedForward = config.FeedForward with { HasBias = true, IsGated = false } });
        Linear<double> up = Block(model).FeedForward.Up;
        foreach (ref double bias in up.Bias!.Value.Span)
            bias += Math.CopySign(2 * model.Config.Width, bias);
        AssertPasses(s, model, "blocks.0.feed_forward.up.", (_, inputs) => up.Forward(inputs[0], Activation.Relu), [Input(s, model)]);
    });

    [Fact]
    public void There_is_no_activation_without_a_name()
    {
        using var tape = new Tape<double>();
        Decoder<double> model = new(Gpt2.Config(2, 1, 1, 1, 2));
        Variable<double> x = tape.Leaf(new Tensor<double>([1, 1, 2]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Block(model).FeedForward.Up.Forward(x, (Activation)9));
    }

    [Fact]
    public void Norm() => Holds((s, model) => ((_, x) => Block(model).AttentionNorm.Forward(x), "blocks.0.attention_norm."));

    [Fact]
    public void MultiHeadAttention() =>
        Holds((s, model) => ((tape, x) => Block(model).Attention.Forward(x, Pass(tape, s)), "blocks.0.attention."));

    [Fact]
    public void FeedForward() =>
        Holds((s, model) => ((tape, x) => Block(model).FeedForward.Forward(x, Pass(tape, s)), "blocks.0.feed_forward."));

    [Fact]
    public void TransformerBlock() => Holds((s, model) => ((tape, x) => Block(model).Forward(x, Pass(tape, s)), "blocks.0."));

    [Fact]
    public void A_block_of_which_the_last_position_alone_is_wanted() =>
        Holds((s, model) => ((tape, x) => Block(model).Forward(x, Pass(tape, s) with { LastOnly = true }), "blocks.0."));

    [Fact]
    public void A_stack_of_two_blocks() => Holds((s, model) => ((tape, x) => model.Stack.Forward(x, Pass(tape, s)), "blocks."));

    [Fact]
    public void Embedding() => Property.Check(s =>
    {
        Decoder<double> model = Model(s);
        Tensor<int> ids = Ids(s, model, salt: 0);
        AssertPasses(s, model, "tokens.", (tape, _) => model.Tokens.Forward(tape, ids), []);
    });

    [Fact]
    public void A_stack_of_recurrent_layers() => Property.Check(s =>
    {
        ParameterSet<double> parameters = new();
        int inputs = 1 + s.D % 9;
        RecurrentStack<double> stack = new(
            parameters, "layers", (RecurrentKind)(s.Choice % 3), inputs, 1 + s.C % 9, layers: 1 + s.Rank % 2, readsBothWays: s.Flag());
        parameters.Initialize((ulong)s.Seed);
        AssertPasses(
            s, parameters, "", (tape, x) => stack.Forward(x[0], Pass(tape, s)), [Any(s, 0, [Examples(s), 1 + s.B % 8, inputs])],
            $"{stack.Layers[0].Kind} of {stack.Layers.Count} layers");
    });

    [Fact]
    public void There_is_no_recurrent_layer_without_a_name() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new RecurrentLayer<double>(new(), "layer", (RecurrentKind)9, 1, 1));

    [Fact]
    public void A_whole_decoder_of_two_layers() => Property.Check(s =>
    {
        Decoder<double> model = Model(s);
        Tensor<int> ids = Ids(s, model, salt: 0), targets = Ids(s, model, salt: 1);
        AssertPasses(s, model, "", (tape, _) => model.Loss(ids, targets, Pass(tape, s)), []);
    });

    [Fact]
    public void A_whole_encoder_of_two_layers_with_padding_and_segments() => Property.Check(s =>
    {
        TransformerConfig config = Config(s);
        Encoder<double> model = new(config with
        {
            Attention = config.Attention with { IsCausal = false },
            Segments = s.Choice % 3,
            NormsEmbedding = s.Flag(),
            TransformsHead = s.Rank % 2 == 0,
            HeadBias = (HeadBias)(s.Choice % 3),
        });
        Randomise(s, model);
        Tensor<int> ids = Ids(s, model, salt: 0), targets = Ids(s, model, salt: 1);
        Tensor<int> segments = model.Config.Segments > 0 ? Numbers(s, ids.Shape, salt: 2, model.Config.Segments) : default;
        PaddingMask padding = Padding(s, ids.Shape);
        AssertPasses(s, model.Parameters, "", (tape, _) => model.Loss(ids, targets, Pass(tape, s) with { Padding = padding }, segments), [], model.Config);
    });

    [Fact]
    public void A_whole_translator_of_two_layers_with_padding_and_smoothing() => Property.Check(s =>
    {
        TransformerConfig config = Config(s);
        Translator<double> model = new(config with
        {
            Attention = config.Attention with { IsCausal = true },
            HeadBias = (HeadBias)(s.Choice % 3),
            Source = new() { Layers = 1 + s.Rank % 2, FeedForwardWidth = s.Choice % 2 == 0 ? 0 : 1 + s.B },
        });
        Randomise(s, model);
        Tensor<int> source = Ids(s, model, salt: 2), ids = Ids(s, model, salt: 0), targets = Ids(s, model, salt: 1);
        PaddingMask padding = Padding(s, source.Shape);
        AssertPasses(s, model.Parameters, "", (tape, _) =>
        {
            ForwardPass<double> pass = Pass(tape, s);
            SourceSequence<double> read = new() { Hidden = model.Encode(source, pass with { Padding = padding }), Padding = padding };
            return model.Loss(ids, targets, pass with { Source = read }, smoothing: 0.1 * (s.Choice % 3));
        }, [], model.Config);
    });

    [Fact]
    public void A_parameter_that_is_not_trained_gets_no_gradient() => Property.Check(s =>
    {
        Decoder<double> model = new(Config(s));
        model.Stack.Blocks[0].Attention.QueryKeyValue.Weight.IsTrained = s.Flag();
        model.Initialize((ulong)s.Seed);
        using var tape = new Tape<double>();
        tape.Backward(model.Loss(Ids(s, model, salt: 0), Ids(s, model, salt: 1), new ForwardPass<double>(tape)));
        Assert.All(model.Parameters.All, parameter => Assert.Equal(parameter.IsTrained, parameter.Variable.HasGradient));
    });

    private static void Holds(Func<Sizes, Decoder<double>, (Layer Layer, string Parameters)> make, [CallerMemberName] string name = "") =>
        Property.Check(s =>
        {
            Decoder<double> model = Model(s);
            (Layer layer, string parameters) = make(s, model);
            AssertPasses(s, model, parameters, (tape, inputs) => layer(tape, inputs[0]), [Input(s, model)]);
        }, name);

    private static void AssertPasses(
        Sizes s, Decoder<double> model, string prefix, Func<Tape<double>, IReadOnlyList<Variable<double>>, Variable<double>> function,
        Tensor<double>[] inputs) => AssertPasses(s, model.Parameters, prefix, function, inputs, model.Config);

    private static void AssertPasses(
        Sizes s, ParameterSet<double> all, string prefix, Func<Tape<double>, IReadOnlyList<Variable<double>>, Variable<double>> function,
        Tensor<double>[] inputs, object model)
    {
        Parameter<double>[] parameters =
            [.. all.Trained.Where(p => p.Name.StartsWith(prefix, StringComparison.Ordinal))];
        Assert.NotEmpty(parameters);
        int each = Math.Max(1, Coordinates / (parameters.Length + inputs.Length));
        GradCheckResult result = GradCheck.Run(
            function, inputs, new GradCheckOptions { Coordinates = each, Seed = (ulong)s.Seed }, [.. parameters.Select(p => p.Variable)]);
        string where = result.Input < inputs.Length ? "the input" : parameters[result.Input - inputs.Length].Name;
        Assert.True(result.Passed, $"{where} of {model}: {result}");
    }

    private static Decoder<double> Model(Sizes s, Func<TransformerConfig, TransformerConfig>? change = null)
    {
        Decoder<double> model = new((change ?? (config => config))(Config(s)));
        Randomise(s, model);
        return model;
    }

    private static void Randomise(Sizes s, LanguageModel<double> model)
    {
        model.Initialize((ulong)s.Seed);
        for (int i = 0; i < model.Parameters.All.Count; i++)
        {
            Parameter<double> parameter = model.Parameters.All[i];
            if (parameter.IsTrained)
                new RandomStream((ulong)s.Seed, RandomPurpose.Sampling, step: 1, (ulong)i).FillUniform(parameter.Value.Span, -0.8, 0.8);
        }
    }

    /// <summary>Marks of which the first position of a row is never padding.</summary>
    private static PaddingMask Padding(Sizes s, Shape shape)
    {
        Tensor<byte> marks = new(shape);
        Span<int> drawn = Numbers(s, shape, salt: 3, 3).Span;
        for (int i = 0; i < drawn.Length; i++)
            marks.Span[i] = (byte)(i % shape[1] > 0 && drawn[i] == 0 ? 1 : 0);
        return new PaddingMask { Marks = marks };
    }

    /// <summary>Every choice that a transformer has, in any company.</summary>
    private static TransformerConfig Config(Sizes s)
    {
        var random = new Random(s.Seed);
        int keyHeads = 1 + random.Next(2), heads = keyHeads * (1 + random.Next(3)), size = 2 + 2 * random.Next(3);
        bool ownSize = random.Next(3) == 0;
        return new()
        {
            Architecture = "any",
            VocabularySize = 2 + s.D % 20,
            Context = 1 + s.B % 12,
            Layers = 2,
            Width = ownSize ? 4 + 2 * random.Next(4) : heads * size,
            Attention = new()
            {
                Heads = heads,
                KeyHeads = keyHeads,
                HeadSize = ownSize ? size : 0,
                HasBias = random.Next(2) == 0,
                HasOutputBias = random.Next(2) == 0,
                NormsQueriesAndKeys = random.Next(2) == 0,
                IsCausal = random.Next(4) != 0,
                Window = random.Next(3) == 0 ? 1 + random.Next(6) : 0,
            },
            Norm = new()
            {
                Kind = (NormKind)random.Next(2),
                Place = (NormPlace)random.Next(2),
                HasBias = random.Next(2) == 0,
                Epsilon = 0.1, // two numbers that are nearly equal are a kink otherwise
            },
            FeedForward = new()
            {
                Width = 1 + s.A,
                Activation = (s.Choice % 3) switch { 0 => Activation.GeluTanh, 1 => Activation.GeluErf, _ => Activation.Silu },
                IsGated = random.Next(2) == 0,
                HasBias = random.Next(2) == 0,
            },
            Positions = new()
            {
                Kind = (PositionKind)random.Next(4),
                RotaryBase = 100,
                RotaryScaling = random.Next(2) == 0 ? new() { Factor = 3, OriginalContext = 8, Kind = (RotaryScalingKind)random.Next(2) } : null,
            },
            Head = s.Uses == 1 ? HeadKind.Tied : HeadKind.Own,
            EmbeddingScale = random.Next(3) == 0 ? 1.5 : 1,
        };
    }

    private static TransformerBlock<double> Block(Decoder<double> model) => model.Stack.Blocks[0];

    private static Tensor<double> Input(Sizes s, Decoder<double> model) => Any(s, 0, [Examples(s), model.Config.Context, model.Config.Width]);

    private static int Examples(Sizes s) => 1 + s.A % 2;

    private static ForwardPass<double> Pass(Tape<double> tape, Sizes s) =>
        new(tape) { Dropout = s.Flag() ? new DropoutStreams(0.2, (ulong)s.Seed, 0) : null };

    private static Tensor<int> Ids(Sizes s, LanguageModel<double> model, int salt) =>
        Numbers(s, [Examples(s), model.Config.Context], salt, model.Config.VocabularySize);

    private static Tensor<int> Numbers(Sizes s, Shape shape, int salt, int bound) => Integers(s with { Seed = s.Seed ^ salt }, shape, 0, bound);
}
