using System.Numerics;
using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors;

namespace MiniGpt.Model;

/// <summary>
/// A decoder-only transformer after GPT-2 (Radford et al. 2019): token and position embeddings, blocks of attention and feed-forward, a last
/// norm, and a projection to one logit for each token of the vocabulary.
/// </summary>
/// <typeparam name="T">The precision: <see cref="float"/> to train and sample, <see cref="double"/> to check.</typeparam>
public sealed class Gpt<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly TransformerBlock<T>[] _blocks;

    /// <summary>Builds the model. Its parameters are zero until <see cref="Initialize"/>, or until a file fills them.</summary>
    /// <exception cref="ArgumentException">No model can have this configuration.</exception>
    public Gpt(GptConfig config)
        : this(config, allocate: true)
    {
    }

    /// <summary>
    /// Builds the model, its parameters without memory until they are allocated: a file's shapes are compared with them first.
    /// </summary>
    internal Gpt(GptConfig config, bool allocate)
    {
        config.Validate();
        Config = config;
        double deviation = config.InitializerRange;
        TokenEmbedding = new Embedding<T>(Parameters, "wte", config.VocabularySize, config.Width, deviation);
        PositionEmbedding = new Embedding<T>(
            Parameters, "wpe", config.Context, config.Width, deviation, isTrained: config.Positions == PositionKind.Learned);
        _blocks = [.. Enumerable.Range(0, config.Layers).Select(layer => new TransformerBlock<T>(Parameters, $"h.{layer}", config))];
        FinalNorm = new LayerNorm<T>(Parameters, "ln_f", config.Width, config.LayerNormEpsilon);
        Head = config.TiedHead
            ? TokenEmbedding.Table
            : Parameters.Add("lm_head.weight", [config.VocabularySize, config.Width], Initialization.Normal(deviation));
        if (allocate)
        {
            Parameters.Allocate();
        }
    }

    /// <summary>The sizes and choices.</summary>
    public GptConfig Config { get; }

    /// <summary>All parameters.</summary>
    public ParameterSet<T> Parameters { get; } = new();

    /// <summary>[V, C].</summary>
    public Embedding<T> TokenEmbedding { get; }

    /// <summary>[T, C], learned or sinusoidal.</summary>
    public Embedding<T> PositionEmbedding { get; }

    /// <summary>The blocks, from the input to the output.</summary>
    public IReadOnlyList<TransformerBlock<T>> Blocks => _blocks;

    /// <summary>The norm before the head.</summary>
    public LayerNorm<T> FinalNorm { get; }

    /// <summary>[V, C]: the output projection, by default the token embedding itself.</summary>
    public Parameter<T> Head { get; }

    /// <summary>Draws the first parameters: N(0, 0.02), residual projections smaller, gains one, biases zero.</summary>
    public void Initialize(ulong seed)
    {
        Parameters.Initialize(seed);
        if (Config.Positions == PositionKind.Sinusoidal)
        {
            SinusoidalPositions.Fill(PositionEmbedding.Table.Value);
        }
    }

    /// <summary>Ids to the last hidden state.</summary>
    /// <param name="tape">Where everything is kept.</param>
    /// <param name="ids">[B, T], T at most the context; on the tape.</param>
    /// <param name="dropout">The dropouts' random numbers in training; null otherwise.</param>
    /// <returns>[B, T, C], after the last norm.</returns>
    /// <exception cref="ArgumentException">T is over the context, or an id outside of the vocabulary.</exception>
    public Variable<T> Hidden(Tape<T> tape, Tensor<int> ids, DropoutStreams? dropout = null)
    {
        int length = ids.Shape[1];
        if (length > Config.Context)
        {
            throw new ArgumentException($"{length} tokens are more than the context of {Config.Context}.");
        }

        Tensor<int> positions = tape.Allocate<int>([length]);
        for (int t = 0; t < length; t++)
        {
            positions.Span[t] = t;
        }

        Variable<T> x = TokenEmbedding.Forward(tape, ids) + PositionEmbedding.Forward(tape, positions); // (B, T, C)
        x = x.Dropout(dropout);
        foreach (TransformerBlock<T> block in _blocks)
        {
            x = block.Forward(x, dropout);
        }

        return FinalNorm.Forward(x);
    }

    /// <summary>Ids to logits.</summary>
    /// <param name="tape">Where everything is kept.</param>
    /// <param name="ids">[B, T], T at most the context; on the tape.</param>
    /// <param name="dropout">The dropouts' random numbers in training; null otherwise.</param>
    /// <returns>[B, T, V].</returns>
    /// <exception cref="ArgumentException">T is over the context, or an id outside of the vocabulary.</exception>
    public Variable<T> Forward(Tape<T> tape, Tensor<int> ids, DropoutStreams? dropout = null) =>
        Hidden(tape, ids, dropout).Linear(Head.Variable);

    /// <summary>The mean cross-entropy, in nats, of predicting each target from the ids up to its place.</summary>
    /// <param name="tape">Where everything is kept.</param>
    /// <param name="ids">[B, T].</param>
    /// <param name="targets">[B, T].</param>
    /// <param name="dropout">The dropouts' random numbers in training; null otherwise.</param>
    /// <returns>A single number.</returns>
    /// <exception cref="ArgumentException">T is over the context, or an id or target outside of the vocabulary.</exception>
    public Variable<T> Loss(Tape<T> tape, Tensor<int> ids, Tensor<int> targets, DropoutStreams? dropout = null) =>
        Hidden(tape, ids, dropout).ProjectedCrossEntropy(Head.Variable, targets);
}
