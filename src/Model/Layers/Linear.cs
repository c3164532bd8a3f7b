using System.Numerics;
using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;
using MiniGpt.Tensors.Kernels;

namespace MiniGpt.Model.Layers;

/// <summary>y = x·Wᵀ + b.</summary>
public sealed class Linear<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    internal Linear(ParameterSet<T> parameters, string name, int inputs, int outputs, double standardDeviation)
    {
        Weight = parameters.Add($"{name}.weight", [outputs, inputs], Initialization.Normal(standardDeviation));
        Bias = parameters.Add($"{name}.bias", [outputs], Initialization.Zeros);
    }

    /// <summary>[Out, In].</summary>
    public Parameter<T> Weight { get; }

    /// <summary>[Out].</summary>
    public Parameter<T> Bias { get; }

    /// <summary>[..., In] to [..., Out].</summary>
    public Variable<T> Forward(Variable<T> x) => x.Linear(Weight.Variable, Bias.Variable);

    /// <summary>[..., In] to [..., Out], with an activation on top.</summary>
    public Variable<T> Forward(Variable<T> x, Activation activation) => activation switch
    {
        Activation.GeluTanh => Forward<GeluTanhFunction<T>>(x),
        Activation.GeluErf => Forward<GeluErfFunction<T>>(x),
        Activation.Relu => Forward<ReluFunction<T>>(x),
        Activation.Silu => Forward<SiluFunction<T>>(x),
        _ => throw new ArgumentOutOfRangeException(nameof(activation), $"There is no activation {activation}."),
    };

    private Variable<T> Forward<TFunction>(Variable<T> x)
        where TFunction : struct, IActivation<T> => x.Linear<T, TFunction>(Weight.Variable, Bias.Variable);
}
