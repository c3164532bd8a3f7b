using System.Numerics;
using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;
using MiniGpt.Tensors.Kernels;

namespace MiniGpt.Model.Layers;

/// <summary>
/// Two linear maps with an activation between them, for each position by itself (Vaswani et al. 2017, section 3.3); or, gated, three of
/// them: down(activation(gate(x)) · up(x)) (Shazeer 2020).
/// </summary>
public sealed class FeedForward<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Activation _activation;
    private readonly int _layer;
    private readonly bool _isGated;

    /// <summary>Adds the layers' parameters to a set.</summary>
    /// <param name="parameters">The set.</param>
    /// <param name="name">The layer's name.</param>
    /// <param name="layer">The block that it belongs to, from 0.</param>
    /// <param name="config">The model's configuration.</param>
    /// <param name="residual">How the matrix back to the residual stream starts.</param>
    public FeedForward(ParameterSet<T> parameters, string name, int layer, TransformerConfig config, Initialization residual)
    {
        (int width, FeedForwardConfig own) = (config.FeedForwardWidth, config.FeedForward);
        Initialization normal = Initialization.Normal(config.InitializerRange);
        (_activation, _isGated, _layer) = (own.Activation, own.IsGated, layer);
        Up = own.IsGated
            ? new Linear<T>(parameters, $"{name}.up", config.Width, 2 * width, normal, own.HasBias, width, width)
            : new Linear<T>(parameters, $"{name}.up", config.Width, width, normal, own.HasBias);
        Down = new Linear<T>(parameters, $"{name}.down", width, config.Width, residual, own.HasBias);
    }

    /// <summary>C to F; gated, to 2F: the gate, then what it lets pass.</summary>
    public Linear<T> Up { get; }

    /// <summary>F to C.</summary>
    public Linear<T> Down { get; }

    /// <summary>[B, T, C] to [B, T, C].</summary>
    public Variable<T> Forward(Variable<T> x, in ForwardPass<T> pass)
    {
        Variable<T> hidden = _isGated ? _activation.Run<T, Gated>(new Gated(Up.Forward(x))) : Up.Forward(x, _activation);
        hidden = pass.Show(ForwardStage.Neurons, _layer, hidden); // (B, T, F)
        return Down.Forward(hidden).Dropout(pass.Dropout);
    }

    private readonly struct Gated(Variable<T> gateAndUp) : IActivated<T>
    {
        public Variable<T> Apply<TFunction>()
            where TFunction : struct, IActivation<T> => gateAndUp.GatedActivation<T, TFunction>();
    }
}
