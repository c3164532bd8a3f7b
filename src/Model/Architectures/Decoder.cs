using System.Numerics;
using System.Runtime.CompilerServices;
using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;

namespace MiniGpt.Model.Architectures;

/// <summary>
/// A decoder-only transformer (Radford et al. 2018): token embedding, positions, a stack of blocks that see backwards alone, and a
/// projection to one logit for each token of the vocabulary. GPT-2, Llama and Qwen are this, differently configured.
/// </summary>
/// <typeparam name="T">The precision: <see cref="float"/> to train and sample, <see cref="double"/> to check.</typeparam>
public sealed class Decoder<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>
    /// Builds the model. Its parameters get memory when the first of them is asked for, and are zero until <see cref="Initialize"/>, or
    /// until a file fills them.
    /// </summary>
    /// <exception cref="ArgumentException">No model can have this configuration.</exception>
    public Decoder(TransformerConfig config)
    {
        config.Validate();
        Config = config;
        Initialization normal = Initialization.Normal(config.InitializerRange);
        Tokens = new Embedding<T>(Parameters, "tokens", config.VocabularySize, config.Width, normal);
        if (config.Positions.HasTable)
        {
            Positions = new Embedding<T>(Parameters, "positions", config.Context, config.Width, normal, ParameterRole.Positions);
            Positions.Table.IsTrained = config.Positions.Kind == PositionKind.Learned;
        }
        Stack = new TransformerStack<T>(Parameters, config);
        Head = config.IsTied
            ? Tokens.Table
            : Parameters.Add("head.weight", [config.VocabularySize, config.Width], normal, ParameterRole.Head);
    }

    /// <summary>The sizes and choices.</summary>
    public TransformerConfig Config { get; }

    /// <summary>All parameters.</summary>
    public ParameterSet<T> Parameters { get; } = new();

    /// <summary>[V, C].</summary>
    public Embedding<T> Tokens { get; }

    /// <summary>[T, C], learned or sinusoidal; null where positions have no table.</summary>
    public Embedding<T>? Positions { get; }

    /// <summary>The blocks and the last norm.</summary>
    public TransformerStack<T> Stack { get; }

    /// <summary>[V, C]: the output projection, by default the token embedding itself.</summary>
    public Parameter<T> Head { get; }

    /// <summary>What generation reads for one token, in bytes: every matrix but the tables, from which it takes a row each.</summary>
    public long BytesOfToken => Parameters.All.Where(parameter => parameter.Role == ParameterRole.Matrix || parameter == Head)
        .Sum(parameter => parameter.Packed?.Bytes ?? parameter.Shape.Count * Unsafe.SizeOf<T>());

    /// <summary>Draws the first parameters: N(0, 0.02), residual projections smaller, gains one, biases zero.</summary>
    public void Initialize(ulong seed)
    {
        Parameters.Initialize(seed);
        if (Config.Positions.Kind == PositionKind.Sinusoidal)
            SinusoidalPositions.Fill(Positions!.Table.Value);
    }

    /// <summary>Ids to the last hidden state.</summary>
    /// <param name="ids">[B, T]; on the tape.</param>
    /// <param name="pass">What kind of pass this is.</param>
    /// <returns>[B, T, C], after the last norm; [B, 1, C] where the last position alone is wanted.</returns>
    /// <exception cref="ArgumentException">The positions do not fit into the context, or an id is outside of the vocabulary.</exception>
    public Variable<T> Hidden(Tensor<int> ids, in ForwardPass<T> pass)
    {
        int length = ids.Shape[1], first = pass.FirstPosition;
        Require.That(length <= Config.Context - first, $"{first + length} tokens are more than the context of {Config.Context}");
        Variable<T> x = pass.Show(ForwardStage.Tokens, -1, Tokens.Forward(pass.Tape, ids)); // (B, T, C)
        if (Config.EmbeddingScale != 1)
            x *= T.CreateChecked(Config.EmbeddingScale);
        if (Positions is not null)
            x += pass.Show(ForwardStage.Positions, -1, Positions.Forward(pass.Tape, Numbers(first, length, pass.Tape))); // (T, C)
        x = pass.Show(ForwardStage.Input, -1, x).Dropout(pass.Dropout);
        return Stack.Forward(x, pass);
    }

    /// <summary>Ids to logits.</summary>
    /// <param name="ids">[B, T]; on the tape.</param>
    /// <param name="pass">What kind of pass this is.</param>
    /// <returns>[B, T, V]; [B, 1, V] where the last position alone is wanted.</returns>
    /// <exception cref="ArgumentException">The positions do not fit into the context, or an id is outside of the vocabulary.</exception>
    public Variable<T> Logits(Tensor<int> ids, in ForwardPass<T> pass) =>
        pass.Show(ForwardStage.Logits, -1, Project(Hidden(ids, pass)));

    /// <summary>The mean cross-entropy, in nats, of predicting each target from the ids up to its place.</summary>
    /// <param name="ids">[B, T].</param>
    /// <param name="targets">[B, T]; −100 where nothing is to be predicted.</param>
    /// <param name="pass">What kind of pass this is.</param>
    /// <returns>A single number.</returns>
    /// <exception cref="ArgumentException">T is over the context, or an id or target outside of the vocabulary.</exception>
    public Variable<T> Loss(Tensor<int> ids, Tensor<int> targets, in ForwardPass<T> pass) =>
        Hidden(ids, pass).ProjectedCrossEntropy(Head.Variable, targets);

    /// <summary>The last hidden state [..., C] to logits [..., V].</summary>
    public Variable<T> Project(Variable<T> hidden) => hidden.Linear(Head);

    /// <summary>Throws where an id is not in the vocabulary.</summary>
    /// <exception cref="ArgumentException">It is not.</exception>
    public void RequireId(int id) => Require.That((uint)id < (uint)Config.VocabularySize,
        $"the text has the id {id}, outside of the vocabulary of {Config.VocabularySize}");

    /// <summary>
    /// The same model to read from: its matrices are copied and laid out to be multiplied, tables and vectors are read where they lie.
    /// </summary>
    public Decoder<T> ForReading() => ForReading(parameter => new PanelMatrix<T>(parameter.Value), parameter => parameter.Value);

    /// <summary>The same model, of which functions say what each matrix and each table or vector is.</summary>
    internal Decoder<T> ForReading(Func<Parameter<T>, WeightMatrix<T>> matrix, Func<Parameter<T>, Tensor<T>> values)
    {
        Decoder<T> reading = new(Config);
        foreach ((Parameter<T> from, Parameter<T> to) in Parameters.All.Zip(reading.Parameters.All))
        {
            if (from.Role is ParameterRole.Vector or ParameterRole.Positions)
                to.Hold(values(from));
            else
                to.Hold(matrix(from));
        }
        return reading;
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
}
