using System.Numerics;
using MiniGpt.Autograd;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors;

namespace MiniGpt.Model.Architectures;

/// <summary>
/// What a model computes on the way from one text to its logits: every intermediate value, attention weights among them, seen by an
/// observer of the model's own forward pass.
/// </summary>
/// <typeparam name="T">The precision of the model.</typeparam>
/// <example><code>
/// using DecoderTrace&lt;float&gt; trace = model.Trace(tokenizer.Encode("To be"));
/// float weight = trace.Blocks[1].Weights[2, 4, 0]; // layer 2, head 3: how much position 4 takes from position 0
/// </code></example>
public sealed class DecoderTrace<T> : IForwardObserver<T>, IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Tape<T> _tape = new(records: false);
    private readonly Dictionary<(ForwardStage Stage, int Layer), Tensor<T>> _seen = [];

    internal DecoderTrace(Decoder<T> model, ReadOnlySpan<int> ids)
    {
        TransformerConfig config = model.Config;
        Require.That(ids.Length > 0, $"a text to trace must have at least one token");
        Require.That(ids.Length <= config.Context, $"{ids.Length} tokens are more than the context of {config.Context}");
        foreach (int id in ids)
            model.RequireId(id);

        Ids = ids.ToArray();
        model.Logits(_tape.Copy<int>(ids, [1, ids.Length]), new ForwardPass<T>(_tape) { Observer = this });
        Blocks = [.. Enumerable.Range(0, config.Layers).Select(layer => new BlockTrace<T>(this, layer))];
    }

    /// <summary>The ids of the text.</summary>
    public IReadOnlyList<int> Ids { get; }

    /// <summary>[T, C]: the rows of the token embedding.</summary>
    public Tensor<T> TokenVectors => Of(ForwardStage.Tokens);

    /// <summary>[T, C]: the rows of the position table; null where positions have none.</summary>
    public Tensor<T>? PositionVectors => _seen.TryGetValue((ForwardStage.Positions, -1), out Tensor<T> rows) ? rows : null;

    /// <summary>[T, C]: what the first block gets.</summary>
    public Tensor<T> Input => Of(ForwardStage.Input);

    /// <summary>The blocks, from the input to the output.</summary>
    public IReadOnlyList<BlockTrace<T>> Blocks { get; }

    /// <summary>[T, C]: what the last block gives, normed.</summary>
    public Tensor<T> Hidden => Of(ForwardStage.Hidden);

    /// <summary>[T, V]: row t is about the token after position t.</summary>
    public Tensor<T> Logits => Of(ForwardStage.Logits);

    /// <summary>[T, C]: the residual stream after so many blocks; 0 is <see cref="Input"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There are not so many blocks.</exception>
    public Tensor<T> Residual(int blocks)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(blocks);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(blocks, Blocks.Count);
        return blocks == 0 ? Input : Blocks[blocks - 1].Output;
    }

    /// <inheritdoc/>
    Variable<T> IForwardObserver<T>.See(ForwardStage stage, int layer, Variable<T> value)
    {
        // The text is alone: its axis of 1 says nothing. A position table's rows have none.
        Tensor<T> seen = value.Value;
        _seen[(stage, layer)] = stage == ForwardStage.Positions ? seen : seen.Reshape(seen.Shape.Without(0));
        return value;
    }

    /// <summary>Frees the memory: no tensor of this trace may be read any more.</summary>
    public void Dispose() => _tape.Dispose();

    internal Tensor<T> Of(ForwardStage stage, int layer = -1) => _seen[(stage, layer)];
}

/// <summary>What one transformer block computes for one text.</summary>
public sealed class BlockTrace<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly DecoderTrace<T> _trace;
    private readonly int _layer;

    internal BlockTrace(DecoderTrace<T> trace, int layer) => (_trace, _layer) = (trace, layer);

    /// <summary>[H, T, D]: what each position of each head asks for.</summary>
    public Tensor<T> Query => _trace.Of(ForwardStage.Query, _layer);

    /// <summary>[G, T, D]: what each position offers to be found by.</summary>
    public Tensor<T> Key => _trace.Of(ForwardStage.Key, _layer);

    /// <summary>[G, T, D]: what each position gives to those who look at it.</summary>
    public Tensor<T> Value => _trace.Of(ForwardStage.Value, _layer);

    /// <summary>[H, T, T]: the dot product of each query (row) with each key (column): before the scale 1/√D, and before the mask.</summary>
    public Tensor<T> Scores => _trace.Of(ForwardStage.Scores, _layer);

    /// <summary>[H, T, T]: softmax of the scaled scores over the keys up to the query. Rows sum to one; above the diagonal is 0.</summary>
    public Tensor<T> Weights => _trace.Of(ForwardStage.Weights, _layer);

    /// <summary>[H, T, D]: the values, weighted and summed.</summary>
    public Tensor<T> HeadOutputs => _trace.Of(ForwardStage.HeadOutputs, _layer);

    /// <summary>[T, C]: what attention adds to the residual stream.</summary>
    public Tensor<T> AttentionOutput => _trace.Of(ForwardStage.AttentionOutput, _layer);

    /// <summary>[T, C]: what the feed-forward layers add to it.</summary>
    public Tensor<T> FeedForwardOutput => _trace.Of(ForwardStage.FeedForwardOutput, _layer);

    /// <summary>[T, C]: the residual stream after the block.</summary>
    public Tensor<T> Output => _trace.Of(ForwardStage.BlockOutput, _layer);
}

/// <summary>Looking into a model.</summary>
public static class DecoderTracing
{
    /// <summary>Runs a text through the model and keeps every intermediate value.</summary>
    /// <param name="model">The model.</param>
    /// <param name="ids">One to T tokens.</param>
    /// <exception cref="ArgumentException">
    /// There is no token, there are more than the context, one is outside of the vocabulary, or the model is a recurrent network.
    /// </exception>
    public static DecoderTrace<T> Trace<T>(this Decoder<T> model, ReadOnlySpan<int> ids)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Require.That(model.Config.Recurrence is null, $"what there is to see in a model is its attention; a recurrent network has none");
        return new(model, ids);
    }
}
