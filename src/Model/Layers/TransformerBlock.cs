using System.Numerics;
using MiniGpt.Autograd;

namespace MiniGpt.Model.Layers;

/// <summary>One block of a decoder: attention, then feed-forward, each on a normed copy and added to the residual stream (GPT-2's order).</summary>
public sealed class TransformerBlock<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    internal TransformerBlock(ParameterSet<T> parameters, string name, GptConfig config)
    {
        // 2 · layers branches add up in the residual stream; scaled so, its variance does not grow with the depth (Radford et al. 2019).
        double residualDeviation = config.InitializerRange / Math.Sqrt(2 * config.Layers);
        AttentionNorm = new LayerNorm<T>(parameters, $"{name}.ln_1", config.Width, config.LayerNormEpsilon);
        Attention = new MultiHeadAttention<T>(parameters, $"{name}.attn", config, residualDeviation);
        FeedForwardNorm = new LayerNorm<T>(parameters, $"{name}.ln_2", config.Width, config.LayerNormEpsilon);
        FeedForward = new FeedForward<T>(parameters, $"{name}.mlp", config, residualDeviation);
    }

    /// <summary>The norm before attention.</summary>
    public LayerNorm<T> AttentionNorm { get; }

    /// <summary>Where positions look at each other.</summary>
    public MultiHeadAttention<T> Attention { get; }

    /// <summary>The norm before the feed-forward layers.</summary>
    public LayerNorm<T> FeedForwardNorm { get; }

    /// <summary>Where each position is worked on by itself.</summary>
    public FeedForward<T> FeedForward { get; }

    /// <summary>[B, T, C] to [B, T, C].</summary>
    public Variable<T> Forward(Variable<T> x, DropoutStreams? dropout = null)
    {
        x += Attention.Forward(AttentionNorm.Forward(x), dropout);
        return x + FeedForward.Forward(FeedForwardNorm.Forward(x), dropout);
    }
}
