using System.Numerics;
using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;

namespace MiniGpt.Model.Layers;

/// <summary>A layer norm (Ba et al. 2016) or a root mean square norm (Zhang and Sennrich 2019), as the configuration says.</summary>
public sealed class Norm<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly NormKind _kind;
    private readonly T _epsilon;

    /// <summary>Adds the norm's parameters to a set.</summary>
    /// <param name="parameters">The set.</param>
    /// <param name="name">The layer's name; its parameters are NAME.weight and NAME.bias.</param>
    /// <param name="width">C: the length of the rows.</param>
    /// <param name="config">Which norm.</param>
    public Norm(ParameterSet<T> parameters, string name, int width, NormConfig config)
    {
        _kind = config.Kind;
        _epsilon = T.CreateChecked(config.Epsilon);
        Gain = parameters.Add($"{name}.weight", [width], Initialization.Ones, ParameterRole.Vector);
        Bias = config is { Kind: NormKind.Layer, HasBias: true }
            ? parameters.Add($"{name}.bias", [width], Initialization.Zeros, ParameterRole.Vector)
            : null;
    }

    /// <summary>[C].</summary>
    public Parameter<T> Gain { get; }

    /// <summary>[C], or none.</summary>
    public Parameter<T>? Bias { get; }

    /// <summary>[..., C] to [..., C].</summary>
    public Variable<T> Forward(Variable<T> x) => _kind == NormKind.Rms
        ? x.RmsNorm(Gain.Variable, _epsilon)
        : x.LayerNorm(Gain.Variable, Bias?.Variable, _epsilon);
}
