using System.Numerics;
using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;
using MiniGpt.Tensors.Kernels;

namespace MiniGpt.Model.Layers;

/// <summary>Causal self-attention of several heads (Vaswani et al. 2017, section 3.2.2).</summary>
public sealed class MultiHeadAttention<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly int _heads;
    private readonly T _scale;

    internal MultiHeadAttention(ParameterSet<T> parameters, string name, GptConfig config, double residualDeviation)
    {
        _heads = config.Heads;
        _scale = T.CreateChecked(1 / Math.Sqrt(config.HeadSize));
        QueryKeyValue = new Linear<T>(parameters, $"{name}.c_attn", config.Width, 3 * config.Width, config.InitializerRange);
        Projection = new Linear<T>(parameters, $"{name}.c_proj", config.Width, config.Width, residualDeviation);
    }

    /// <summary>One projection to q, k and v, side by side.</summary>
    public Linear<T> QueryKeyValue { get; }

    /// <summary>From the heads' outputs back to the residual stream.</summary>
    public Linear<T> Projection { get; }

    /// <summary>[B, T, C] to [B, T, C].</summary>
    public Variable<T> Forward(Variable<T> x, DropoutStreams? dropout)
    {
        Variable<T> qkv = QueryKeyValue.Forward(x); // (B, T, 3C)
        Variable<T> heads = qkv.SelfAttention(_heads, new AttentionOptions<T>
        {
            Scale = _scale,
            Causal = true,
            Dropout = dropout?.Probability ?? 0,
            DropoutStream = dropout?.Next() ?? default,
        }); // (B, T, C)
        return Projection.Forward(heads).Dropout(dropout);
    }
}
