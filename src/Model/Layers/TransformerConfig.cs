using System.Text.Json.Serialization;

namespace MiniGpt.Model.Layers;

/// <summary>What projects the last hidden state to logits.</summary>
[JsonConverter(typeof(NameConverter<HeadKind>))]
public enum HeadKind
{
    /// <summary>The token embedding once more (Press and Wolf 2017).</summary>
    [JsonStringEnumMemberName("tied")] Tied,

    /// <summary>A matrix of its own.</summary>
    [JsonStringEnumMemberName("own")] Own,

    /// <summary>Nothing: the model is asked for its hidden states alone.</summary>
    [JsonStringEnumMemberName("none")] None,
}

/// <summary>What is added to logits, the same for every position.</summary>
[JsonConverter(typeof(NameConverter<HeadBias>))]
public enum HeadBias
{
    /// <summary>Nothing.</summary>
    [JsonStringEnumMemberName("none")] None,

    /// <summary>Numbers that training finds (BERT).</summary>
    [JsonStringEnumMemberName("trained")] Trained,

    /// <summary>Numbers that stay as they are (Marian).</summary>
    [JsonStringEnumMemberName("fixed")] Fixed,
}

/// <summary>The kinds of models, by what they do with a text.</summary>
public enum ModelKind
{
    /// <summary>Goes on with a text: every token sees those before it.</summary>
    [JsonStringEnumMemberName("decoder")] Decoder,

    /// <summary>Reads a text in both directions.</summary>
    [JsonStringEnumMemberName("encoder")] Encoder,

    /// <summary>Reads one text and writes another: an encoder, and a decoder that looks at what it made.</summary>
    [JsonStringEnumMemberName("translator")] Translator,
}

/// <summary>The encoder of a model that translates. Sizes left 0 are those of its decoder.</summary>
public sealed record SourceConfig
{
    /// <summary>How many blocks the encoder has.</summary>
    public int Layers { get; init; }

    /// <summary>How many heads each of its blocks has.</summary>
    public int Heads { get; init; }

    /// <summary>The width between its feed-forward matrices.</summary>
    public int FeedForwardWidth { get; init; }

    /// <summary>How many tokens the language that is read has in a table of its own; 0 where one table has the tokens of both languages.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int VocabularySize { get; init; }

    /// <summary>The id that ends a text that is read, where it is another than that behind its translation.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? EndOfTextId { get; init; }
}

/// <summary>
/// The sizes and choices that make one transformer different from another. GPT-2, Llama and Qwen differ in these alone; the folder
/// Architectures has a starting point for each.
/// </summary>
public sealed record TransformerConfig
{
    /// <summary>More parameters than this are taken for a mistake: 2⁴⁰, four terabytes of floats.</summary>
    public const long MostParameters = 1L << 40;

    /// <summary>The name of the architecture as files know it: <c>gpt2</c>, <c>llama</c>, <c>qwen3</c>.</summary>
    public required string Architecture { get; init; }

    /// <summary>V: how many tokens there are.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>T: how many tokens the model sees at once.</summary>
    public required int Context { get; init; }

    /// <summary>C: how many numbers stand for a token inside the model.</summary>
    public required int Width { get; init; }

    /// <summary>How many transformer blocks stand on each other.</summary>
    public required int Layers { get; init; }

    /// <summary>The attention of the blocks.</summary>
    public required AttentionConfig Attention { get; init; }

    /// <summary>
    /// What stands in the place of the blocks: recurrent layers of the model's width, which need no positions and have neither attention nor
    /// feed-forward layers nor norms. Null in transformers.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public RecurrentKind? Recurrence { get; init; }

    /// <summary>The norms.</summary>
    public NormConfig Norm { get; init; } = new();

    /// <summary>The feed-forward layers of the blocks.</summary>
    public FeedForwardConfig FeedForward { get; init; } = new();

    /// <summary>How positions are told apart.</summary>
    public PositionConfig Positions { get; init; } = new();

    /// <summary>What projects to logits.</summary>
    public HeadKind Head { get; init; }

    /// <summary>Multiplies the token embedding where it enters the first block.</summary>
    public double EmbeddingScale { get; init; } = 1;

    /// <summary>How many kinds of text a token can belong to, each with a vector that is added to it (BERT's token types); 0 for none.</summary>
    public int Segments { get; init; }

    /// <summary>Whether the sum of all embeddings is normed before it enters the first block (BERT).</summary>
    public bool NormsEmbedding { get; init; }

    /// <summary>Whether a linear map with the activation of the blocks and a norm stand before the projection to logits (BERT).</summary>
    public bool TransformsHead { get; init; }

    /// <summary>Whether a number for each token is added to its logit.</summary>
    public HeadBias HeadBias { get; init; }

    /// <summary>The encoder of a model that translates; null in all others.</summary>
    public SourceConfig? Source { get; init; }

    /// <summary>The share of activations that training sets to zero, in [0, 1).</summary>
    public double Dropout { get; init; }

    /// <summary>The standard deviation of the first values of the matrices.</summary>
    public double InitializerRange { get; init; } = 0.02;

    /// <summary>
    /// Whether the matrices back to the residual stream start at zero, so that every block starts as the identity; otherwise they are drawn,
    /// smaller than the others.
    /// </summary>
    public bool StartsAsIdentity { get; init; }

    /// <summary>The id of the token that begins a text, where there is one.</summary>
    public int? BeginOfTextId { get; init; }

    /// <summary>The id of the token that ends a text, where there is one.</summary>
    public int? EndOfTextId { get; init; }

    /// <summary>The id of the token that fills up shorter texts of a batch, where there is one.</summary>
    public int? PaddingId { get; init; }

    /// <summary>What kind of model this is.</summary>
    public ModelKind Kind => Source is not null ? ModelKind.Translator : Attention.IsCausal ? ModelKind.Decoder : ModelKind.Encoder;

    /// <summary>The configuration of the encoder of a model that translates: what is not its own it has from the decoder.</summary>
    /// <exception cref="InvalidOperationException">The model does not translate.</exception>
    public TransformerConfig ToSource() => Source is not { } source
        ? throw new InvalidOperationException("A model that does not translate has no encoder apart.")
        : this with
        {
            VocabularySize = source.VocabularySize > 0 ? source.VocabularySize : VocabularySize,
            EndOfTextId = source.EndOfTextId ?? EndOfTextId,
            Layers = source.Layers > 0 ? source.Layers : Layers,
            Attention = Attention with { Heads = source.Heads > 0 ? source.Heads : Attention.Heads, KeyHeads = source.Heads, IsCausal = false },
            FeedForward = FeedForward with { Width = source.FeedForwardWidth > 0 ? source.FeedForwardWidth : FeedForward.Width },
            Source = null,
        };

    /// <summary>D: the width of one head.</summary>
    public int HeadSize => Attention.HeadSize > 0 ? Attention.HeadSize : Width / Attention.Heads;

    /// <summary>F: the width between the feed-forward matrices.</summary>
    public int FeedForwardWidth => FeedForward.Width > 0 ? FeedForward.Width : unchecked(4 * Width);

    /// <summary>Whether the output projection is the token embedding itself.</summary>
    public bool IsTied => Head == HeadKind.Tied;

    /// <summary>Throws where no model can have these values.</summary>
    /// <exception cref="ArgumentException">One line that names the value and the rule that it breaks.</exception>
    public void Validate()
    {
        Require.That(Head != HeadKind.None || (Kind == ModelKind.Encoder && !TransformsHead && HeadBias == HeadBias.None),
            $"a model without a head is an encoder, and has no part of a head");
        Require.Positive(VocabularySize, "vocabulary size");
        Require.Positive(Context, "context");
        Require.Positive(Layers, "number of layers");
        Require.Positive(Attention.Heads, "number of heads");
        Require.Positive(Attention.KeyHeads, "number of key heads");
        Require.Positive(Width, "width");
        Require.NotNegative(Attention.HeadSize, "head size");
        Require.NotNegative(FeedForward.Width, "feed-forward width");
        Require.That(Recurrence is null || Enum.IsDefined(Recurrence.Value), $"there is no recurrent layer {Recurrence}");
        // Checked before sizes are multiplied: a width over 2²⁹ would wrap round.
        Int128 least = LeastParameters();
        Require.That(least <= MostParameters, $"a model of {least} parameters is more than the {MostParameters} that can be built");
        Require.Positive(FeedForwardWidth, "feed-forward width");
        Require.That(Attention.HeadSize > 0 || Width % Attention.Heads == 0, $"{Attention.Heads} heads do not divide a width of {Width}");
        Require.That(Attention.Heads % Attention.KeyHeads == 0,
            $"{Attention.KeyHeads} key heads do not divide {Attention.Heads} heads");
        Require.NotNegative(Attention.Window, "attention window");
        Require.That(Positions.Kind != PositionKind.Sinusoidal || Width % 2 == 0,
            $"sinusoidal positions come in pairs of sine and cosine: the width must be even, it is {Width}");
        Require.That(Positions.Kind != PositionKind.Rotary || HeadSize % 2 == 0,
            $"rotary positions turn pairs of numbers: the head size must be even, it is {HeadSize}");
        Require.Positive(Positions.RotaryBase, "base of the rotary positions");
        Positions.RotaryScaling?.Validate();
        Require.Fraction(Dropout, "dropout");
        Require.Positive(Norm.Epsilon, "norm epsilon");
        Require.Positive(InitializerRange, "initializer range");
        Require.Positive(EmbeddingScale, "scale of the embedding");
        Require.That(Enum.IsDefined(FeedForward.Activation), $"there is no activation {FeedForward.Activation}");
        Require.That(Enum.IsDefined(Head), $"there is no head {Head}");
        Require.That(Enum.IsDefined(HeadBias), $"there is no bias of the head {HeadBias}");
        Require.NotNegative(Segments, "number of segments");
        Require.That(Source is null || Attention.IsCausal, $"a model that translates writes its text from left to right: attention that sees forward is for others");
        Require.That(PaddingId is null or >= 0, $"the padding id must not be negative, it is {PaddingId}");
        if (Source is not null)
        {
            Require.NotNegative(Source.VocabularySize, "vocabulary size of the language that is read");
            ToSource().Validate();
        }
        Require.That(Enum.IsDefined(Positions.Kind), $"there are no positions {Positions.Kind}");
        Require.That(Enum.IsDefined(Norm.Kind) && Enum.IsDefined(Norm.Place), $"there is no norm {Norm.Kind} {Norm.Place}");
        Require.That(Recurrence is null || Positions.Kind == PositionKind.None && Attention.IsCausal,
            $"a recurrent network knows positions by their order and reads one way: positions and attention are for transformers");
        Require.That(BeginOfTextId is null or >= 0, $"the begin-of-text id must not be negative, it is {BeginOfTextId}");
        Require.That(EndOfTextId is null or >= 0, $"the end-of-text id must not be negative, it is {EndOfTextId}");
    }

    /// <summary>The matrices alone, in numbers that cannot overflow: enough to see that a size is a mistake before anything is built.</summary>
    private Int128 LeastParameters()
    {
        Int128 c = Width, f = FeedForward.Width > 0 ? FeedForward.Width : 4 * c;
        Int128 heads = Attention.HeadSize > 0 ? (Int128)Attention.HeadSize * Attention.Heads : c;
        Int128 keys = heads / Attention.Heads * Attention.KeyHeads;
        if (Recurrence is { } kind)
            return (Head == HeadKind.Own ? 2 : 1) * VocabularySize * c + (Int128)2 * Layers * RecurrentLayerSizes.Gates(kind) * c * c;
        Int128 block = c * (2 * heads + 2 * keys) + (FeedForward.IsGated ? 3 : 2) * c * f;
        Int128 table = Positions.Kind == PositionKind.Learned ? (Int128)Context * c : 0;
        return ((Head == HeadKind.Own ? (Int128)2 : 1) * VocabularySize + Math.Max(0, Source?.VocabularySize ?? 0)) * c + table + Layers * block;
    }
}
