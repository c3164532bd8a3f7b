using System.Numerics;
using MiniGpt.Autograd;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;

namespace MiniGpt.Model.Layers;

/// <summary>What a parameter is for: optimizers treat these apart, and files store them differently.</summary>
public enum ParameterRole
{
    /// <summary>A matrix that rows are multiplied with.</summary>
    Matrix,

    /// <summary>A table with a vector for each token.</summary>
    Embedding,

    /// <summary>A table with a vector for each position, or for each of a few kinds.</summary>
    Positions,

    /// <summary>The matrix that gives logits, where it is not the embedding.</summary>
    Head,

    /// <summary>A gain or a bias.</summary>
    Vector,
}

/// <summary>
/// Numbers that training finds. They lie in the flat buffer of their <see cref="ParameterSet{T}"/>, which gets its memory when the first
/// number is asked for; or, in a model that is only read, wherever <see cref="Hold(WeightMatrix{T})"/> was told.
/// </summary>
public sealed class Parameter<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly ParameterSet<T> _set;
    private Variable<T>? _variable;

    internal Parameter(ParameterSet<T> set, string name, Shape shape, Initialization initialization, ParameterRole role)
    {
        _set = set;
        Name = name;
        Shape = shape;
        Initialization = initialization;
        Role = role;
        IsTrained = true;
        Parts = [shape[0]];
    }

    /// <summary>The name inside of the model, whatever files call it: <c>blocks.0.attention.output.weight</c>.</summary>
    public string Name { get; }

    /// <summary>The sizes of the axes.</summary>
    public Shape Shape { get; }

    /// <summary>What it is for.</summary>
    public ParameterRole Role { get; }

    /// <summary>How the rows divide where several matrices lie in one, such as those of queries, keys and values.</summary>
    public IReadOnlyList<int> Parts { get; internal init; }

    /// <summary>Whether training changes it.</summary>
    /// <exception cref="InvalidOperationException">It is set when the parameters have their memory, in which the trained ones come first.</exception>
    public bool IsTrained
    {
        get;
        set => field = value == field || !_set.IsAllocated
            ? value
            : throw new InvalidOperationException($"The parameters have their memory: whether {Name} is trained is decided before.");
    }

    /// <summary>Whether weight decay applies: to matrices and tables, not to biases and gains.</summary>
    public bool Decays => Shape.Rank >= 2;

    /// <summary>The parameter as operators take it.</summary>
    /// <exception cref="InvalidOperationException">It is a matrix that is laid out to be read.</exception>
    public Variable<T> Variable => _variable ??= Packed is null
        ? new Variable<T>(_set.ValueOf(this), IsTrained)
        : throw new InvalidOperationException($"The numbers of {Name} are laid out to be read: it has no variable.");

    /// <summary>The numbers.</summary>
    /// <exception cref="InvalidOperationException">It is a matrix that is laid out to be read.</exception>
    public Tensor<T> Value => Variable.Value;

    /// <summary>The matrix laid out to be read, or in a few bits; null where the numbers lie as they are trained.</summary>
    public WeightMatrix<T>? Packed { get; private set; }

    internal Initialization Initialization { get; set; }

    /// <summary>Whether the numbers lie elsewhere than in the flat buffer.</summary>
    internal bool IsHeld => Packed is not null || _variable is not null && !_set.IsAllocated;

    /// <summary>Reads a matrix that is laid out for it, instead of numbers of its own.</summary>
    /// <exception cref="ArgumentException">The sizes differ.</exception>
    internal void Hold(WeightMatrix<T> matrix)
    {
        Require.That(Shape.Rank == 2 && matrix.Outputs == Shape[0] && matrix.Inputs == Shape[1],
            $"a matrix [{matrix.Outputs}, {matrix.Inputs}] does not go with {Name} {Shape}");
        Packed = matrix;
    }

    /// <summary>Reads numbers that lie elsewhere, without a gradient.</summary>
    /// <exception cref="ArgumentException">The shapes differ.</exception>
    internal void Hold(Tensor<T> values)
    {
        Require.That(values.Shape == Shape, $"numbers {values.Shape} do not go with {Name} {Shape}");
        _variable = new Variable<T>(values, requiresGradient: false);
    }
}

/// <summary>How a parameter starts: a constant, or normally distributed.</summary>
/// <param name="Mean">The mean.</param>
/// <param name="StandardDeviation">The standard deviation; 0 for a constant.</param>
public readonly record struct Initialization(double Mean, double StandardDeviation)
{
    /// <summary>The only one of the parameter's parts that starts so, the others at zero; null where all of it does.</summary>
    public int? Part { get; init; }

    /// <summary>Zeros, as biases start.</summary>
    public static Initialization Zeros { get; } = new(0, 0);

    /// <summary>Ones, as gains start.</summary>
    public static Initialization Ones { get; } = new(1, 0);

    /// <summary>Normally distributed around 0, as matrices start.</summary>
    public static Initialization Normal(double standardDeviation) => new(0, standardDeviation);
}
