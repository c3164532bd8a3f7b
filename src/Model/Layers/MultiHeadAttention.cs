using System.Numerics;
using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;

namespace MiniGpt.Model.Layers;

/// <summary>
/// Self-attention of several heads (Vaswani et al. 2017, section 3.2.2), of which some may share their keys and values, with norms and
/// rotation of queries and keys where the model has them.
/// </summary>
public sealed class MultiHeadAttention<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly AttentionConfig _config;
    private readonly int _layer;
    private readonly int _headSize;
    private readonly RotaryPositions<T>? _rotary;
    private readonly T _scale;

    /// <summary>Adds the layers' parameters to a set.</summary>
    /// <param name="parameters">The set.</param>
    /// <param name="name">The layer's name.</param>
    /// <param name="layer">The block that it belongs to, from 0: its place in an <see cref="AttentionMemory{T}"/>.</param>
    /// <param name="config">The model's configuration.</param>
    /// <param name="residual">How the matrix back to the residual stream starts.</param>
    /// <param name="rotary">The model's rotary positions, where it has them.</param>
    public MultiHeadAttention(
        ParameterSet<T> parameters, string name, int layer, TransformerConfig config, Initialization residual, RotaryPositions<T>? rotary = null)
    {
        (_config, _layer, _headSize, _rotary) = (config.Attention, layer, config.HeadSize, rotary);
        _scale = T.CreateChecked(1 / Math.Sqrt(_headSize));
        int queries = _config.Heads * _headSize, keys = _config.KeyHeads * _headSize;
        QueryKeyValue = new Linear<T>(
            parameters, $"{name}.qkv", config.Width, queries + 2 * keys, Initialization.Normal(config.InitializerRange), _config.HasBias,
            queries, keys, keys);
        if (_config.NormsQueriesAndKeys)
        {
            QueryNorm = new Norm<T>(parameters, $"{name}.query_norm", _headSize, config.Norm);
            KeyNorm = new Norm<T>(parameters, $"{name}.key_norm", _headSize, config.Norm);
        }
        Output = new Linear<T>(parameters, $"{name}.output", queries, config.Width, residual, _config.HasOutputBias);
    }

    /// <summary>One projection to queries, keys and values, side by side: C to (H + 2G) · D.</summary>
    public Linear<T> QueryKeyValue { get; }

    /// <summary>The norm of each head of queries, where the model has one.</summary>
    public Norm<T>? QueryNorm { get; }

    /// <summary>The norm of each head of keys, where the model has one.</summary>
    public Norm<T>? KeyNorm { get; }

    /// <summary>From the heads' outputs back to the residual stream: H · D to C.</summary>
    public Linear<T> Output { get; }

    /// <summary>[B, T, C] to [B, T, C], or to [B, 1, C] where the last position alone is wanted.</summary>
    public Variable<T> Forward(Variable<T> x, in ForwardPass<T> pass)
    {
        Variable<T> qkv = QueryKeyValue.Forward(x); // (B, T, (H + 2G)·D)
        (int heads, int keyHeads) = (_config.Heads, _config.KeyHeads);
        Variable<T> q = qkv.Heads(0, heads, _headSize); // (B, H, T, D)
        Variable<T> k = qkv.Heads(heads, keyHeads, _headSize), v = qkv.Heads(heads + keyHeads, keyHeads, _headSize); // (B, G, T, D)
        int skipped = pass.LastOnly ? q.Shape[2] - 1 : 0;
        q = pass.LastOnly ? q.Last(axis: 2) : q;
        if (QueryNorm is not null && KeyNorm is not null)
            (q, k) = (QueryNorm.Forward(q), KeyNorm.Forward(k));
        if (_rotary is not null)
            (q, k) = (Turned(q, skipped, pass), Turned(k, 0, pass));

        Variable<T> joined = pass switch
        {
            { Memory: { } memory } => Remember(q, k, v, memory, pass),
            { Observer: not null } => new AttentionSteps<T>(_scale, _layer).Forward(q, k, v, Marked(q, k, T.One, pass.Tape), pass, ForwardStage.Weights),
            _ => q.JoinedAttention(k, v, OptionsOf(q, k, pass)),
        }; // (B, T, H·D)
        return Output.Forward(joined).Dropout(pass.Dropout);
    }

    private Variable<T> Turned(Variable<T> heads, int skipped, in ForwardPass<T> pass) =>
        _rotary!.Forward(heads, pass.FirstPosition + skipped, pass.Positions.IsEmpty ? default : pass.Positions.Slice(1, skipped, heads.Shape[2]));

    private AttentionOptions<T> OptionsOf(Variable<T> q, Variable<T> k, in ForwardPass<T> pass) => new()
    {
        Scale = _scale,
        Causal = _config.IsCausal,
        Padding = pass.Padding?.Marks ?? default,
        FirstQuery = k.Shape[2] - q.Shape[2],
        Mask = _config.Window > 0 && _config.Window < k.Shape[2] ? Marked(q, k, T.NegativeInfinity, pass.Tape) : default,
        Dropout = pass.Dropout?.Rates.Attention ?? 0,
        DropoutStream = pass.Dropout?.Next() ?? default,
    };

    private Variable<T> Remember(Variable<T> q, Variable<T> k, Variable<T> v, AttentionMemory<T> memory, in ForwardPass<T> pass)
    {
        (int texts, int queries, int heads) = (q.Shape[0], q.Shape[2], _config.Heads);
        Variable<T> joined = pass.Tape.Result([texts, queries, heads * _headSize], requiresGradient: false);
        Tensor<T> output = joined.Value.Reshape([texts, queries, heads, _headSize]).Transpose(1, 2);
        memory.Attend(_layer, q.Value, k.Value, v.Value, output, _scale, _config.Window, pass.FirstText);
        return joined;
    }

    /// <summary>[Tq, Tk]: a mark where a query does not see a key, else 0.</summary>
    private Tensor<T> Marked(Variable<T> q, Variable<T> k, T mark, Tape<T> tape)
    {
        (int queries, int keys) = (q.Shape[2], k.Shape[2]);
        Tensor<T> marked = tape.Allocate<T>([queries, keys]);
        for (int query = 0; query < queries; query++)
        {
            int own = keys - queries + query;
            Span<T> row = marked.Slice(0, query, 1).Span;
            row.Fill(T.Zero);
            if (_config.Window > 0)
                row[..Math.Clamp(own + 1 - _config.Window, 0, keys)].Fill(mark);
            if (_config.IsCausal)
                row[(own + 1)..].Fill(mark);
        }
        return marked;
    }
}
