using System.Numerics;
using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors;

namespace MiniGpt.Model;

/// <summary>
/// What a model computes on the way from one text to its logits: every intermediate value, attention weights among them, by the same layers
/// and operators, with attention written out step by step. The model's own forward pass knows nothing of it and pays nothing for it.
/// </summary>
/// <typeparam name="T">The precision of the model.</typeparam>
/// <example><code>
/// using GptTrace&lt;float&gt; trace = gpt.Trace(tokenizer.Encode("To be"));
/// float weight = trace.Blocks[1].Weights[2, 4, 0]; // layer 2, head 3: how much position 4 takes from position 0
/// </code></example>
public sealed class GptTrace<T> : IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Tape<T> _tape = new(records: false);

    internal GptTrace(Gpt<T> gpt, ReadOnlySpan<int> ids)
    {
        GptConfig config = gpt.Config;
        Require.That(ids.Length > 0, $"a text to trace must have at least one token");
        Require.That(ids.Length <= config.Context, $"{ids.Length} tokens are more than the context of {config.Context}");
        foreach (int id in ids)
            Require.That((uint)id < (uint)config.VocabularySize, $"the id {id} is outside of the vocabulary of {config.VocabularySize}");

        Ids = ids.ToArray();
        int[] positions = [.. Enumerable.Range(0, ids.Length)];
        Variable<T> tokens = gpt.TokenEmbedding.Forward(_tape, _tape.Copy<int>(ids, [ids.Length])); // (T, C)
        Variable<T> places = gpt.PositionEmbedding.Forward(_tape, _tape.Copy<int>(positions, [ids.Length]));
        Variable<T> x = tokens + places;
        (TokenVectors, PositionVectors, Input) = (tokens.Value, places.Value, x.Value);

        Tensor<T> mask = CausalMask(ids.Length);
        var blocks = new BlockTrace<T>[config.Layers];
        for (int layer = 0; layer < blocks.Length; layer++)
            (blocks[layer], x) = BlockTrace<T>.Run(gpt.Blocks[layer], config, x, mask);
        Blocks = blocks;

        Variable<T> hidden = gpt.FinalNorm.Forward(x);
        (Hidden, Logits) = (hidden.Value, hidden.Linear(gpt.Head.Variable).Value);
    }

    /// <summary>The ids of the text.</summary>
    public IReadOnlyList<int> Ids { get; }

    /// <summary>[T, C]: the rows of the token embedding.</summary>
    public Tensor<T> TokenVectors { get; }

    /// <summary>[T, C]: the rows of the position embedding.</summary>
    public Tensor<T> PositionVectors { get; }

    /// <summary>[T, C]: their sum, which the first block gets.</summary>
    public Tensor<T> Input { get; }

    /// <summary>The blocks, from the input to the output.</summary>
    public IReadOnlyList<BlockTrace<T>> Blocks { get; }

    /// <summary>[T, C]: what the last block gives, normalised.</summary>
    public Tensor<T> Hidden { get; }

    /// <summary>[T, V]: row t is about the token behind position t.</summary>
    public Tensor<T> Logits { get; }

    /// <summary>[T, C]: the residual stream after so many blocks; 0 is <see cref="Input"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There are not so many blocks.</exception>
    public Tensor<T> Residual(int blocks)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(blocks);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(blocks, Blocks.Count);
        return blocks == 0 ? Input : Blocks[blocks - 1].Output;
    }

    /// <summary>Frees the memory: no tensor of this trace may be read any more.</summary>
    public void Dispose() => _tape.Dispose();

    /// <summary>[T, T]: 1 where the key comes after the query.</summary>
    private Tensor<T> CausalMask(int length)
    {
        Tensor<T> mask = _tape.Allocate<T>([length, length]);
        for (int query = 0; query < length; query++)
        {
            for (int key = 0; key < length; key++)
                mask[query, key] = key > query ? T.One : T.Zero;
        }
        return mask;
    }
}

/// <summary>What one transformer block computes for one text.</summary>
public sealed class BlockTrace<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>[H, T, D]: what each position of each head asks for.</summary>
    public required Tensor<T> Query { get; init; }

    /// <summary>[H, T, D]: what each position offers to be found by.</summary>
    public required Tensor<T> Key { get; init; }

    /// <summary>[H, T, D]: what each position gives to those who look at it.</summary>
    public required Tensor<T> Value { get; init; }

    /// <summary>[H, T, T]: the dot product of each query (row) with each key (column): before the scale 1/√D, and before the mask.</summary>
    public required Tensor<T> Scores { get; init; }

    /// <summary>[H, T, T]: softmax of the scaled scores over the keys up to the query. Rows sum to one; above the diagonal is 0.</summary>
    public required Tensor<T> Weights { get; init; }

    /// <summary>[H, T, D]: the values, weighted and summed.</summary>
    public required Tensor<T> HeadOutputs { get; init; }

    /// <summary>[T, C]: what attention adds to the residual stream.</summary>
    public required Tensor<T> AttentionOutput { get; init; }

    /// <summary>[T, C]: what the feed-forward layers add to it.</summary>
    public required Tensor<T> FeedForwardOutput { get; init; }

    /// <summary>[T, C]: the residual stream behind the block.</summary>
    public required Tensor<T> Output { get; init; }

    internal static (BlockTrace<T> Trace, Variable<T> Output) Run(
        TransformerBlock<T> block, GptConfig config, Variable<T> x, Tensor<T> mask)
    {
        (int length, int width) = (x.Shape[0], config.Width);
        Variable<T> qkv = block.Attention.QueryKeyValue.Forward(block.AttentionNorm.Forward(x)); // (T, 3C)
        Variable<T> q = HeadsOf(0), k = HeadsOf(1), v = HeadsOf(2);
        Variable<T> scores = q.MatMul(k, transposeB: true); // (H, T, T)
        T scale = T.CreateChecked(1 / Math.Sqrt(config.HeadSize));
        Variable<T> weights = (scores * scale).MaskedFill(mask, T.NegativeInfinity).Softmax();
        Variable<T> heads = weights.MatMul(v); // (H, T, D)
        Variable<T> attention = block.Attention.Projection.Forward(heads.Transpose(0, 1).Reshape([length, width]));
        Variable<T> middle = x + attention;
        Variable<T> feedForward = block.FeedForward.Forward(block.FeedForwardNorm.Forward(middle), dropout: null);
        Variable<T> output = middle + feedForward;

        BlockTrace<T> trace = new()
        {
            Query = q.Value,
            Key = k.Value,
            Value = v.Value,
            Scores = scores.Value,
            Weights = weights.Value,
            HeadOutputs = heads.Value,
            AttentionOutput = attention.Value,
            FeedForwardOutput = feedForward.Value,
            Output = output.Value,
        };
        return (trace, output);

        // The q, k or v of all heads: (T, C) cut into H pieces of D.
        Variable<T> HeadsOf(int part) =>
            qkv.Slice(1, part * width, width).Reshape([length, config.Heads, config.HeadSize]).Transpose(0, 1); // (H, T, D)
    }
}

/// <summary>Looking into a model.</summary>
public static class GptTracing
{
    /// <summary>Runs a text through the model and keeps every intermediate value.</summary>
    /// <param name="gpt">The model.</param>
    /// <param name="ids">One to T tokens.</param>
    /// <exception cref="ArgumentException">There is no token, there are more than the context, or one is outside of the vocabulary.</exception>
    public static GptTrace<T> Trace<T>(this Gpt<T> gpt, ReadOnlySpan<int> ids)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => new(gpt, ids);
}
