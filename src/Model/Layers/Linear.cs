using System.Numerics;
using MiniGpt.Autograd;
using MiniGpt.Tensors.Kernels;

namespace MiniGpt.Model.Layers;

/// <summary>y = x·Wᵀ + b.</summary>
public sealed class Linear<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Adds the layer's parameters to a set.</summary>
    /// <param name="parameters">The set.</param>
    /// <param name="name">The layer's name; its parameters are NAME.weight and NAME.bias.</param>
    /// <param name="inputs">In.</param>
    /// <param name="outputs">Out.</param>
    /// <param name="initialization">How the matrix starts.</param>
    /// <param name="hasBias">Whether there is a bias.</param>
    /// <param name="parts">How the outputs divide where several matrices lie in one; left out, not at all.</param>
    public Linear(
        ParameterSet<T> parameters, string name, int inputs, int outputs, Initialization initialization, bool hasBias = true,
        params IReadOnlyList<int> parts)
    {
        Weight = parameters.Add($"{name}.weight", [outputs, inputs], initialization, ParameterRole.Matrix, parts);
        Bias = hasBias ? parameters.Add($"{name}.bias", [outputs], Initialization.Zeros, ParameterRole.Vector, parts) : null;
    }

    /// <summary>[Out, In].</summary>
    public Parameter<T> Weight { get; }

    /// <summary>[Out], or none.</summary>
    public Parameter<T>? Bias { get; }

    /// <summary>[..., In] to [..., Out].</summary>
    public Variable<T> Forward(Variable<T> x) => x.Linear(Weight, Bias);

    /// <summary>[..., In] to [..., Out], with an activation on top.</summary>
    public Variable<T> Forward(Variable<T> x, Activation activation) => activation.Run<T, Activated>(new Activated(this, x));

    private readonly struct Activated(Linear<T> layer, Variable<T> x) : IActivated<T>
    {
        public Variable<T> Apply<TFunction>()
            where TFunction : struct, IActivation<T> => x.Linear<T, TFunction>(layer.Weight, layer.Bias);
    }
}
