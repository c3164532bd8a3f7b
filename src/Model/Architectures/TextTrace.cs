using System.Numerics;
using MiniGpt.Autograd;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors;

namespace MiniGpt.Model.Architectures;

/// <summary>
/// What a model computes on the way through its blocks with one text: every intermediate value, attention weights among them, seen by an
/// observer of the model's own forward pass.
/// </summary>
/// <typeparam name="T">The precision of the model.</typeparam>
public abstract class TextTrace<T> : IForwardObserver<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Dictionary<(ForwardStage Stage, int Layer), Tensor<T>> _seen = [];

    /// <param name="model">The model.</param>
    /// <param name="ids">One to T tokens.</param>
    /// <param name="layers">How many blocks the text goes through.</param>
    /// <param name="requireId">Throws where an id is not in the vocabulary of the text, if it is another than the model's.</param>
    private protected TextTrace(LanguageModel<T> model, ReadOnlySpan<int> ids, int layers, Action<int>? requireId = null)
    {
        Require.That(ids.Length > 0, $"a text to trace must have at least one token");
        Require.That(ids.Length <= model.Config.Context, $"{ids.Length} tokens are more than the context of {model.Config.Context}");
        foreach (int id in ids)
            (requireId ?? model.RequireId)(id);
        Ids = ids.ToArray();
        Blocks = [.. Enumerable.Range(0, layers).Select(layer => new BlockTrace<T>(this, layer))];
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

    internal Tensor<T> Of(ForwardStage stage, int layer = -1) => _seen[(stage, layer)];
}

/// <summary>What one transformer block computes for one text.</summary>
public sealed class BlockTrace<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly TextTrace<T> _trace;
    private readonly int _layer;

    internal BlockTrace(TextTrace<T> trace, int layer) => (_trace, _layer) = (trace, layer);

    /// <summary>[H, T, D]: what each position of each head asks for.</summary>
    public Tensor<T> Query => _trace.Of(ForwardStage.Query, _layer);

    /// <summary>[G, T, D]: what each position offers to be found by.</summary>
    public Tensor<T> Key => _trace.Of(ForwardStage.Key, _layer);

    /// <summary>[G, T, D]: what each position gives to those who look at it.</summary>
    public Tensor<T> Value => _trace.Of(ForwardStage.Value, _layer);

    /// <summary>[H, T, T]: the dot product of each query (row) with each key (column): before the scale 1/√D, and before the mask.</summary>
    public Tensor<T> Scores => _trace.Of(ForwardStage.Scores, _layer);

    /// <summary>[H, T, T]: softmax of the scaled scores over the keys that the query sees. Rows sum to one; in a decoder, above the diagonal is 0.</summary>
    public Tensor<T> Weights => _trace.Of(ForwardStage.Weights, _layer);

    /// <summary>[H, T, D]: the values, weighted and summed.</summary>
    public Tensor<T> HeadOutputs => _trace.Of(ForwardStage.HeadOutputs, _layer);

    /// <summary>[T, C]: what attention adds to the residual stream.</summary>
    public Tensor<T> AttentionOutput => _trace.Of(ForwardStage.AttentionOutput, _layer);

    /// <summary>[H, T, S]: how much each position takes from each of the text that it is a translation of.</summary>
    public Tensor<T> SourceWeights => _trace.Of(ForwardStage.SourceWeights, _layer);

    /// <summary>[T, F]: how active the neurons between the matrices of the feed-forward layers are.</summary>
    public Tensor<T> Neurons => _trace.Of(ForwardStage.Neurons, _layer);

    /// <summary>[T, C]: what the feed-forward layers add to it.</summary>
    public Tensor<T> FeedForwardOutput => _trace.Of(ForwardStage.FeedForwardOutput, _layer);

    /// <summary>[T, C]: the residual stream after the block.</summary>
    public Tensor<T> Output => _trace.Of(ForwardStage.BlockOutput, _layer);
}
