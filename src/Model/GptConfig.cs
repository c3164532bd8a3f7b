using System.Text.Json.Serialization;

namespace MiniGpt.Model;

/// <summary>The nonlinearity of the feed-forward layers.</summary>
[JsonConverter(typeof(NameConverter<Activation>))]
public enum Activation
{
    /// <summary>GELU by its tanh approximation, which GPT-2 uses (Hendrycks and Gimpel 2016).</summary>
    [JsonStringEnumMemberName("gelu_new")] GeluTanh,

    /// <summary>GELU by the error function, x·Φ(x).</summary>
    [JsonStringEnumMemberName("gelu")] GeluErf,

    /// <summary>max(x, 0).</summary>
    [JsonStringEnumMemberName("relu")] Relu,

    /// <summary>x·sigmoid(x), also called swish.</summary>
    [JsonStringEnumMemberName("silu")] Silu,
}

/// <summary>How a model knows where in the context a token stands.</summary>
[JsonConverter(typeof(NameConverter<PositionKind>))]
public enum PositionKind
{
    /// <summary>A trained vector for each position.</summary>
    [JsonStringEnumMemberName("learned")] Learned,

    /// <summary>Fixed sines and cosines ("Attention is all you need", section 3.5).</summary>
    [JsonStringEnumMemberName("sinusoidal")] Sinusoidal,
}

/// <summary>The sizes and choices that make one GPT different from another. Its written form is config.json.</summary>
public sealed record GptConfig
{
    /// <summary>More parameters than this are taken for a mistake: 2⁴⁰, four terabytes of floats.</summary>
    private const long MostParameters = 1L << 40;

    /// <summary>V: how many tokens there are.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>T: how many tokens the model sees at once.</summary>
    public required int Context { get; init; }

    /// <summary>How many transformer blocks stand on each other.</summary>
    public required int Layers { get; init; }

    /// <summary>How many attention heads a block has. They share the width.</summary>
    public required int Heads { get; init; }

    /// <summary>C: how many numbers stand for a token inside the model.</summary>
    public required int Width { get; init; }

    /// <summary>The width between the two feed-forward matrices. Left 0 it is 4·<see cref="Width"/>.</summary>
    public int FeedForwardWidth { get => field == 0 ? unchecked(4 * Width) : field; init; }

    /// <summary>The nonlinearity of the feed-forward layers.</summary>
    public Activation Activation { get; init; }

    /// <summary>How positions are told apart.</summary>
    public PositionKind Positions { get; init; }

    /// <summary>The share of activations that training sets to zero, in [0, 1).</summary>
    public double Dropout { get; init; }

    /// <summary>Added to the variance in layer normalisation.</summary>
    public double LayerNormEpsilon { get; init; } = 1e-5;

    /// <summary>The standard deviation of the first values of the matrices.</summary>
    public double InitializerRange { get; init; } = 0.02;

    /// <summary>Whether the output projection is the token embedding itself.</summary>
    public bool TiedHead { get; init; } = true;

    /// <summary>The id of the token that begins a text, where there is one.</summary>
    public int? BeginOfTextId { get; init; }

    /// <summary>The id of the token that ends a text, where there is one.</summary>
    public int? EndOfTextId { get; init; }

    /// <summary>The width of one head.</summary>
    public int HeadSize => Width / Heads;

    /// <summary>
    /// How many numbers training can change. The output projection counts once where it is tied, and sinusoidal positions do not count.
    /// </summary>
    /// <exception cref="OverflowException">There are more than a long can count.</exception>
    public long ParameterCount => checked((long)CountParameters());

    /// <summary>Throws where no model can have these values.</summary>
    /// <exception cref="ArgumentException">One line that names the value and the rule that it breaks.</exception>
    public void Validate()
    {
        Require.Positive(VocabularySize, "vocabulary size");
        Require.Positive(Context, "context");
        Require.Positive(Layers, "number of layers");
        Require.Positive(Heads, "number of heads");
        Require.Positive(Width, "width");
        // Checked before 4·width is: a width over 2²⁹ would wrap round.
        Int128 count = CountParameters();
        Require.That(count <= MostParameters, $"a model of {count} parameters is more than the {MostParameters} that can be built");
        Require.Positive(FeedForwardWidth, "feed-forward width");
        Require.That(Width % Heads == 0, $"{Heads} heads do not divide a width of {Width}");
        Require.That(Positions == PositionKind.Learned || Width % 2 == 0,
            $"sinusoidal positions come in pairs of sine and cosine: the width must be even, it is {Width}");
        Require.Fraction(Dropout, "dropout");
        Require.Positive(LayerNormEpsilon, "layer norm epsilon");
        Require.Positive(InitializerRange, "initializer range");
        Require.That(Enum.IsDefined(Activation), $"there is no activation {Activation}");
        Require.That(Enum.IsDefined(Positions), $"there are no positions {Positions}");
        Require.That(BeginOfTextId is null or >= 0, $"the begin-of-text id must not be negative, it is {BeginOfTextId}");
        Require.That(EndOfTextId is null or >= 0, $"the end-of-text id must not be negative, it is {EndOfTextId}");
    }

    private Int128 CountParameters()
    {
        Int128 v = VocabularySize, t = Context, c = Width, f = FeedForwardWidth;
        Int128 embeddings = v * c + (Positions == PositionKind.Learned ? t * c : 0);
        Int128 norm = 2 * c;
        Int128 attention = c * 3 * c + 3 * c + c * c + c;
        Int128 feedForward = c * f + f + f * c + c;
        return embeddings + Layers * (2 * norm + attention + feedForward) + norm + (TiedHead ? 0 : v * c);
    }
}
