using System.Numerics;
using MiniGpt.Autograd;

namespace MiniGpt.Model.Layers;

/// <summary>Two linear maps with an activation between them, for each position by itself (Vaswani et al. 2017, section 3.3).</summary>
public sealed class FeedForward<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Activation _activation;

    internal FeedForward(ParameterSet<T> parameters, string name, GptConfig config, double residualDeviation)
    {
        _activation = config.Activation;
        Up = new Linear<T>(parameters, $"{name}.c_fc", config.Width, config.FeedForwardWidth, config.InitializerRange);
        Down = new Linear<T>(parameters, $"{name}.c_proj", config.FeedForwardWidth, config.Width, residualDeviation);
    }

    /// <summary>C to 4C.</summary>
    public Linear<T> Up { get; }

    /// <summary>4C to C.</summary>
    public Linear<T> Down { get; }

    /// <summary>[B, T, C] to [B, T, C].</summary>
    public Variable<T> Forward(Variable<T> x, DropoutStreams? dropout) => Down.Forward(Up.Forward(x, _activation)).Dropout(dropout);
}
