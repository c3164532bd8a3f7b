using System.Numerics;
using MiniGpt.Autograd;
using MiniGpt.Tensors;

namespace MiniGpt.Model.Layers;

/// <summary>
/// What the first block of a model gets: the vector of each token, with those of its position and of its segment where the model has such
/// tables, normed where the model does that.
/// </summary>
public sealed class InputEmbedding<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly TransformerConfig _config;

    /// <summary>Adds the tables to a set.</summary>
    /// <param name="parameters">The set.</param>
    /// <param name="config">The model's configuration.</param>
    public InputEmbedding(ParameterSet<T> parameters, TransformerConfig config)
    {
        _config = config;
        Initialization normal = Initialization.Normal(config.InitializerRange);
        Tokens = new Embedding<T>(parameters, "tokens", config.VocabularySize, config.Width, normal);
        if (config.Positions.HasTable)
        {
            Positions = new Embedding<T>(parameters, "positions", config.Context, config.Width, normal, ParameterRole.Positions);
            Positions.Table.IsTrained = config.Positions.Kind == PositionKind.Learned;
        }
        if (config.Segments > 0)
            Segments = new Embedding<T>(parameters, "segments", config.Segments, config.Width, normal, ParameterRole.Positions);
        if (config.NormsEmbedding)
            Norm = new Norm<T>(parameters, "embedding_norm", config.Width, config.Norm);
    }

    /// <summary>[V, C].</summary>
    public Embedding<T> Tokens { get; }

    /// <summary>[T, C], learned or sinusoidal; null where positions have no table.</summary>
    public Embedding<T>? Positions { get; }

    /// <summary>A vector for each kind of text; null where the model knows no kinds.</summary>
    public Embedding<T>? Segments { get; }

    /// <summary>The norm of the sum, where there is one.</summary>
    public Norm<T>? Norm { get; }

    /// <summary>Fills the table of positions that are not learned, and that of learned ones that start as waves.</summary>
    public void Initialize()
    {
        FillFixedPositions();
        if (_config.Positions is { Kind: PositionKind.Learned, FirstWaves: > 0 } positions)
            SinusoidalPositions.Fill(Positions!.Table.Value, positions.SinesFirst, positions.FirstWaves);
    }

    /// <summary>Fills the table of positions that are not learned.</summary>
    public void FillFixedPositions()
    {
        if (_config.Positions.Kind == PositionKind.Sinusoidal)
            SinusoidalPositions.Fill(Positions!.Table.Value, _config.Positions.SinesFirst);
    }

    /// <summary>Ids to what the first block gets.</summary>
    /// <param name="ids">[B, T]; on the tape.</param>
    /// <param name="pass">What kind of pass this is.</param>
    /// <param name="segments">[B, T]: the kind of text of each token; empty for the first kind everywhere.</param>
    /// <param name="tokens">The table of the language that the text is in, where it is another than <see cref="Tokens"/>.</param>
    /// <returns>[B, T, C].</returns>
    /// <exception cref="ArgumentException">The positions do not fit into the context, or an id is outside of its table.</exception>
    public Variable<T> Forward(Tensor<int> ids, in ForwardPass<T> pass, Tensor<int> segments = default, Embedding<T>? tokens = null)
    {
        int length = ids.Shape[1], first = pass.FirstPosition;
        Require.That(length <= _config.Context - first, $"{first + length} tokens are more than the context of {_config.Context}");
        Variable<T> x = pass.Show(ForwardStage.Tokens, -1, (tokens ?? Tokens).Forward(pass.Tape, ids)); // (B, T, C)
        if (_config.EmbeddingScale != 1)
            x *= T.CreateChecked(_config.EmbeddingScale);
        if (Positions is not null)
        {
            Tensor<int> numbers = pass.Positions.IsEmpty ? Numbers(first, length, pass.Tape) : pass.Positions;
            x += pass.Show(ForwardStage.Positions, -1, Positions.Forward(pass.Tape, numbers)); // (T, C), or (B, T, C)
        }
        if (Segments is not null)
            x += Segments.Forward(pass.Tape, segments.IsEmpty ? Zeros(ids.Shape, pass.Tape) : segments);
        if (Norm is not null)
            x = Norm.Forward(x);
        return pass.Show(ForwardStage.Input, -1, x).Dropout(pass.Dropout);
    }

    /// <summary>first, first + 1, …</summary>
    private static Tensor<int> Numbers(int first, int length, Tape<T> tape)
    {
        Tensor<int> numbers = tape.Allocate<int>([length]);
        Span<int> span = numbers.Span;
        for (int t = 0; t < length; t++)
            span[t] = first + t;
        return numbers;
    }

    private static Tensor<int> Zeros(Shape shape, Tape<T> tape)
    {
        Tensor<int> zeros = tape.Allocate<int>(shape);
        zeros.Span.Clear();
        return zeros;
    }
}
