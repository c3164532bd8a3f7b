using System.Numerics;
using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;

namespace MiniGpt.Model.Layers;

/// <summary>
/// One block of a transformer: attention, attention to a source where the model translates, then feed-forward, each a branch that is added to
/// the residual stream, with a norm before the branch or after the sum.
/// </summary>
public sealed class TransformerBlock<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly int _layer;
    private readonly bool _normsFirst;

    /// <summary>Adds the block's parameters to a set.</summary>
    /// <param name="parameters">The set.</param>
    /// <param name="name">The block's name.</param>
    /// <param name="layer">Its place among the blocks, from 0.</param>
    /// <param name="config">The model's configuration.</param>
    /// <param name="rotary">The model's rotary positions, where it has them.</param>
    public TransformerBlock(ParameterSet<T> parameters, string name, int layer, TransformerConfig config, RotaryPositions<T>? rotary = null)
    {
        _layer = layer;
        _normsFirst = config.Norm.Place == NormPlace.Before;
        // 2 · layers branches add up in the residual stream; scaled so, its variance does not grow with the depth (Radford et al. 2019).
        Initialization residual = config.StartsAsIdentity
            ? Initialization.Zeros
            : Initialization.Normal(config.InitializerRange / Math.Sqrt(2 * config.Layers));
        AttentionNorm = new Norm<T>(parameters, $"{name}.attention_norm", config.Width, config.Norm);
        Attention = new MultiHeadAttention<T>(parameters, $"{name}.attention", layer, config, residual, rotary);
        if (config.Source is not null)
        {
            SourceAttentionNorm = new Norm<T>(parameters, $"{name}.source_attention_norm", config.Width, config.Norm);
            SourceAttention = new SourceAttention<T>(parameters, $"{name}.source_attention", layer, config, residual);
        }
        FeedForwardNorm = new Norm<T>(parameters, $"{name}.feed_forward_norm", config.Width, config.Norm);
        FeedForward = new FeedForward<T>(parameters, $"{name}.feed_forward", layer, config, residual);
    }

    /// <summary>The norm of attention's branch.</summary>
    public Norm<T> AttentionNorm { get; }

    /// <summary>Where positions look at each other.</summary>
    public MultiHeadAttention<T> Attention { get; }

    /// <summary>The norm of the branch that looks at a source, where there is one.</summary>
    public Norm<T>? SourceAttentionNorm { get; }

    /// <summary>Where positions look at the text that they are a translation of; null in models that translate nothing.</summary>
    public SourceAttention<T>? SourceAttention { get; }

    /// <summary>The norm of the feed-forward layers' branch.</summary>
    public Norm<T> FeedForwardNorm { get; }

    /// <summary>Where each position is worked on by itself.</summary>
    public FeedForward<T> FeedForward { get; }

    /// <summary>[B, T, C] to [B, T, C], or to [B, 1, C] where the last position alone is wanted.</summary>
    public Variable<T> Forward(Variable<T> x, in ForwardPass<T> pass)
    {
        Variable<T> attention = Attention.Forward(_normsFirst ? AttentionNorm.Forward(x) : x, pass);
        x = (pass.LastOnly ? x.Last(axis: 1) : x) + pass.Show(ForwardStage.AttentionOutput, _layer, attention);
        x = _normsFirst ? x : AttentionNorm.Forward(x);

        if (SourceAttention is not null && SourceAttentionNorm is not null)
        {
            Variable<T> source = SourceAttention.Forward(_normsFirst ? SourceAttentionNorm.Forward(x) : x, pass);
            x += pass.Show(ForwardStage.SourceAttentionOutput, _layer, source);
            x = _normsFirst ? x : SourceAttentionNorm.Forward(x);
        }

        Variable<T> feedForward = FeedForward.Forward(_normsFirst ? FeedForwardNorm.Forward(x) : x, pass);
        x += pass.Show(ForwardStage.FeedForwardOutput, _layer, feedForward);
        x = _normsFirst ? x : FeedForwardNorm.Forward(x);
        return pass.Show(ForwardStage.BlockOutput, _layer, x);
    }
}
