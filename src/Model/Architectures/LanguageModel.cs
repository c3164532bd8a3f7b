using System.Numerics;
using System.Runtime.CompilerServices;
using MiniGpt.Autograd;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;

namespace MiniGpt.Model.Architectures;

/// <summary>
/// A transformer over a vocabulary: embeddings, a stack of blocks, and a projection to one logit for each token. What it is for says the
/// class: a <see cref="Decoder{T}"/> goes on with a text, an <see cref="Encoder{T}"/> reads one in both directions, a
/// <see cref="Translator{T}"/> reads one and writes another.
/// </summary>
/// <typeparam name="T">The precision: <see cref="float"/> to train and sample, <see cref="double"/> to check.</typeparam>
public abstract class LanguageModel<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private protected LanguageModel(TransformerConfig config)
    {
        config.Validate();
        Config = config;
        Input = new InputEmbedding<T>(Parameters, config);
        Stack = new TransformerStack<T>(Parameters, config);
        Output = new OutputHead<T>(Parameters, config, Tokens);
    }

    /// <summary>The sizes and choices.</summary>
    public TransformerConfig Config { get; }

    /// <summary>All parameters.</summary>
    public ParameterSet<T> Parameters { get; } = new();

    /// <summary>What the first block gets.</summary>
    public InputEmbedding<T> Input { get; }

    /// <summary>[V, C].</summary>
    public Embedding<T> Tokens => Input.Tokens;

    /// <summary>[T, C], learned or sinusoidal; null where positions have no table.</summary>
    public Embedding<T>? Positions => Input.Positions;

    /// <summary>The blocks and the last norm.</summary>
    public TransformerStack<T> Stack { get; }

    /// <summary>From the last hidden state to logits.</summary>
    public OutputHead<T> Output { get; }

    /// <summary>[V, C]: the output projection, by default the token embedding itself.</summary>
    public Parameter<T> Head => Output.Weight;

    /// <summary>What generation reads for one token, in bytes: every matrix but the tables, from which it takes a row each.</summary>
    public long BytesOfToken => Parameters.All.Where(parameter => parameter.Role == ParameterRole.Matrix || parameter == Head)
        .Sum(parameter => parameter.Packed?.Bytes ?? parameter.Shape.Count * Unsafe.SizeOf<T>());

    /// <summary>
    /// Whether it is laid out to be read. Only then does a row of a product have the same bits in any company: as it was trained, they depend on how
    /// many rows there are.
    /// </summary>
    internal bool IsForReading => Parameters.All.Any(parameter => parameter.Packed is not null);

    /// <summary>
    /// Builds the model that a configuration is of. Its parameters get memory when the first of them is asked for, and are zero until
    /// <see cref="Initialize"/>, or until a file fills them.
    /// </summary>
    /// <exception cref="ArgumentException">No model can have this configuration.</exception>
    public static LanguageModel<T> Create(TransformerConfig config) => config.Kind switch
    {
        ModelKind.Encoder => new Encoder<T>(config),
        ModelKind.Translator => new Translator<T>(config),
        _ => new Decoder<T>(config),
    };

    /// <summary>Draws the first parameters: N(0, 0.02), residual projections smaller, gains one, biases zero, positions as configured.</summary>
    public void Initialize(ulong seed)
    {
        Parameters.Initialize(seed);
        Input.Initialize();
    }

    /// <summary>The last hidden state [..., C] to logits [..., V].</summary>
    public Variable<T> Project(Variable<T> hidden) => Output.Forward(hidden);

    /// <summary>Throws where an id is not in the vocabulary.</summary>
    /// <exception cref="ArgumentException">It is not.</exception>
    public void RequireId(int id) => RequireId(id, Config.VocabularySize);

    /// <summary>The same model, of which functions say what each matrix and each table or vector is.</summary>
    internal LanguageModel<T> Reading(Func<Parameter<T>, WeightMatrix<T>> matrix, Func<Parameter<T>, Tensor<T>> values)
    {
        LanguageModel<T> reading = Create(Config);
        foreach ((Parameter<T> from, Parameter<T> to) in Parameters.All.Zip(reading.Parameters.All))
        {
            if (from.Role is ParameterRole.Vector or ParameterRole.Positions)
                to.Hold(values(from));
            else
                to.Hold(matrix(from));
        }
        return reading;
    }

    /// <summary>The same numbers in a model none of whose parameters wants a gradient: then one can be had of what goes in, at its own cost alone.</summary>
    internal LanguageModel<T> WithoutGradients()
    {
        LanguageModel<T> frozen = Create(Config);
        foreach ((Parameter<T> from, Parameter<T> to) in Parameters.All.Zip(frozen.Parameters.All))
            to.Hold(from.Value);
        return frozen;
    }

    private protected static void RequireId(int id, int vocabulary) => Require.That((uint)id < (uint)vocabulary,
        $"the text has the id {id}, outside of the vocabulary of {vocabulary}");

    /// <summary>The same model to read from: its matrices are copied and laid out to be multiplied, tables and vectors are read where they lie.</summary>
    private protected LanguageModel<T> Reading() => Reading(parameter => new PanelMatrix<T>(parameter.Value), parameter => parameter.Value);
}
