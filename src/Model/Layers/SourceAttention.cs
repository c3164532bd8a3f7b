using System.Numerics;
using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;

namespace MiniGpt.Model.Layers;

/// <summary>
/// Attention to another sequence (Vaswani et al. 2017, section 3.2.3): queries of the text that is written, keys and values of the one that
/// it is a translation of. There is no mask but for padding: all of the source is there from the beginning.
/// </summary>
public sealed class SourceAttention<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly int _heads;
    private readonly int _keyHeads;
    private readonly int _headSize;
    private readonly int _layer;
    private readonly T _scale;

    /// <summary>Adds the layers' parameters to a set.</summary>
    /// <param name="parameters">The set.</param>
    /// <param name="name">The layer's name.</param>
    /// <param name="layer">The block that it belongs to, from 0: its place in an <see cref="AttentionMemory{T}"/>.</param>
    /// <param name="config">The model's configuration.</param>
    /// <param name="residual">How the matrix back to the residual stream starts.</param>
    public SourceAttention(ParameterSet<T> parameters, string name, int layer, TransformerConfig config, Initialization residual)
    {
        AttentionConfig attention = config.Attention;
        (_heads, _keyHeads, _headSize, _layer) = (attention.Heads, attention.KeyHeads, config.HeadSize, layer);
        _scale = T.CreateChecked(1 / Math.Sqrt(_headSize));
        int queries = _heads * _headSize, keys = _keyHeads * _headSize;
        Initialization normal = Initialization.Normal(config.InitializerRange);
        Query = new Linear<T>(parameters, $"{name}.query", config.Width, queries, normal, attention.HasBias);
        KeyValue = new Linear<T>(parameters, $"{name}.key_value", config.Width, 2 * keys, normal, attention.HasBias, keys, keys);
        Output = new Linear<T>(parameters, $"{name}.output", queries, config.Width, residual, attention.HasOutputBias);
    }

    /// <summary>From the text that is written to queries: C to H · D.</summary>
    public Linear<T> Query { get; }

    /// <summary>From the source to keys and values, side by side: C to 2G · D.</summary>
    public Linear<T> KeyValue { get; }

    /// <summary>From the heads' outputs back to the residual stream: H · D to C.</summary>
    public Linear<T> Output { get; }

    /// <summary>[B, T, C] to [B, T, C].</summary>
    /// <exception cref="ArgumentException">The pass has neither a source nor a memory of one.</exception>
    public Variable<T> Forward(Variable<T> x, in ForwardPass<T> pass)
    {
        Variable<T> q = Query.Forward(x); // (B, T, H·D)
        Variable<T> joined = pass switch
        {
            { Memory: { } memory } => Remember(q, memory, pass.Tape),
            { Source: { } source } => Look(q.Heads(0, _heads, _headSize), source, pass),
            _ => throw new ArgumentException("a block that looks at a source needs one: the pass has none"),
        }; // (B, T, H·D)
        return Output.Forward(joined).Dropout(pass.Dropout);
    }

    /// <summary>Keeps the keys and values of sources, to be looked at by every token that is written.</summary>
    /// <param name="sources">[N, S, C]: of equal length, for none of their positions can be hidden then.</param>
    /// <param name="memory">The memory.</param>
    internal void Store(Variable<T> sources, AttentionMemory<T> memory)
    {
        Variable<T> both = KeyValue.Forward(sources);
        memory.StoreSources(_layer, both.Heads(0, _keyHeads, _headSize).Value, both.Heads(_keyHeads, _keyHeads, _headSize).Value);
    }

    private Variable<T> Look(Variable<T> q, SourceSequence<T> source, in ForwardPass<T> pass)
    {
        Variable<T> both = KeyValue.Forward(source.Hidden); // (B, S, 2G·D)
        Variable<T> k = both.Heads(0, _keyHeads, _headSize), v = both.Heads(_keyHeads, _keyHeads, _headSize); // (B, G, S, D)
        if (pass.Observer is not null)
            return new AttentionSteps<T>(_scale, _layer).Forward(q, k, v, hidden: default, pass, ForwardStage.SourceWeights);
        return q.JoinedAttention(k, v, new AttentionOptions<T>
        {
            Scale = _scale,
            Padding = source.Padding?.Marks ?? default,
            Dropout = pass.Dropout?.Rates.Attention ?? 0,
            DropoutStream = pass.Dropout?.Next() ?? default,
        });
    }

    /// <summary>All texts that are written of one source look at it at once, as if they were one text of more positions.</summary>
    private Variable<T> Remember(Variable<T> q, AttentionMemory<T> memory, Tape<T> tape)
    {
        int rows = q.Shape[0] * q.Shape[1], sources = memory.Sources;
        Require.That(sources > 0 && q.Shape[0] % sources == 0, $"{q.Shape[0]} texts are not divided among {sources} sources");
        Variable<T> joined = tape.Result(q.Shape, requiresGradient: false);
        memory.LookAtSources(_layer, ByHead(q.Value), ByHead(joined.Value), _scale);
        return joined;

        Tensor<T> ByHead(Tensor<T> values) => values.Reshape([sources, rows / sources, _heads, _headSize]).Transpose(1, 2);
    }
}
