using System.Numerics;
using MiniGpt.Autograd;
using MiniGpt.Tensors;

namespace MiniGpt.Model.Layers;

/// <summary>Numbers that training finds, under the name by which files know them.</summary>
public sealed class Parameter<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    internal Parameter(string name, Shape shape, Initialization initialization, bool isTrained)
    {
        Name = name;
        Shape = shape;
        Initialization = initialization;
        IsTrained = isTrained;
    }

    /// <summary>The name, as in GPT-2's files without their prefix: <c>h.0.attn.c_attn.weight</c>.</summary>
    public string Name { get; }

    /// <summary>The sizes of the axes.</summary>
    public Shape Shape { get; }

    /// <summary>Whether training changes it.</summary>
    public bool IsTrained { get; }

    /// <summary>Whether weight decay applies: to matrices and tables, not to biases and gains.</summary>
    public bool Decays => Shape.Rank >= 2;

    /// <summary>The parameter as operators take it.</summary>
    public Variable<T> Variable { get; private set; } = null!;

    /// <summary>The numbers.</summary>
    public Tensor<T> Value => Variable.Value;

    internal Initialization Initialization { get; }

    internal void Place(Tensor<T> value) => Variable = new Variable<T>(value, IsTrained);
}

/// <summary>How a parameter starts: a constant, or normally distributed.</summary>
internal readonly record struct Initialization(double Mean, double StandardDeviation)
{
    public static readonly Initialization Zeros = new(0, 0);
    public static readonly Initialization Ones = new(1, 0);

    public static Initialization Normal(double standardDeviation) => new(0, standardDeviation);
}
