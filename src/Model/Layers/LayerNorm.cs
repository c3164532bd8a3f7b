using System.Numerics;
using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;

namespace MiniGpt.Model.Layers;

/// <summary>Layer normalisation (Ba et al. 2016) with a gain and a bias.</summary>
public sealed class LayerNorm<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly T _epsilon;

    internal LayerNorm(ParameterSet<T> parameters, string name, int width, double epsilon)
    {
        Gain = parameters.Add($"{name}.weight", [width], Initialization.Ones);
        Bias = parameters.Add($"{name}.bias", [width], Initialization.Zeros);
        _epsilon = T.CreateChecked(epsilon);
    }

    /// <summary>[C].</summary>
    public Parameter<T> Gain { get; }

    /// <summary>[C].</summary>
    public Parameter<T> Bias { get; }

    /// <summary>[..., C] to [..., C].</summary>
    public Variable<T> Forward(Variable<T> x) => x.LayerNorm(Gain.Variable, Bias.Variable, _epsilon);
}
