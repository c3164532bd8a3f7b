using System.Numerics;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;
using MiniGpt.Tensors.Memory;

namespace MiniGpt.Model.Generation;

/// <summary>
/// The way from ids to logits as generation takes it: the same transformer as <see cref="Gpt{T}"/>, with the keys and values of all
/// positions kept, so that each position is computed once. Not safe for use from several threads at once.
/// </summary>
/// <remarks>Logits have the same bits whether positions come together or one by one, and whether a text is alone or one of several.</remarks>
/// <param name="gpt">The parameters.</param>
/// <param name="texts">How many texts are written side by side.</param>
public sealed class CachedGpt<T>(FrozenGpt<T> gpt, int texts = 1) : IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly KeyValueCache<T> _cache =
        new(gpt.Config.Layers, texts, gpt.Config.Heads, gpt.Config.Context, gpt.Config.HeadSize);

    private readonly Arena _arena = new();

    /// <summary>The logits of the token behind the last position of each text.</summary>
    /// <param name="ids">New ids, text after text, each of these getting as many.</param>
    /// <param name="position">Where they stand: as many ids were given before, or were and count no longer.</param>
    /// <param name="text">The first text that gets ids.</param>
    /// <param name="texts">How many neighbouring texts get ids.</param>
    /// <param name="everywhere">Whether the logits of every new position are wanted, not only of the last ones.</param>
    /// <returns>[texts, V], or everywhere [ids, V]; valid until the next call.</returns>
    /// <exception cref="ArgumentException">An id is outside of the vocabulary, there is no such text, or the context has no room.</exception>
    public Tensor<T> Logits(ReadOnlySpan<int> ids, int position, int text = 0, int texts = 1, bool everywhere = false)
    {
        GptConfig config = gpt.Config;
        Require.That(texts > 0 && ids.Length >= texts && ids.Length % texts == 0, $"{ids.Length} ids do not divide among {texts} texts");
        int rows = ids.Length, width = config.Width;
        _arena.Reset();
        Tensor<T> x = _arena.Allocate<T>([rows, width]);
        Tensor<T> normed = _arena.Allocate<T>([rows, width]);
        Tensor<T> qkv = _arena.Allocate<T>([rows, 3 * width]);
        Tensor<T> heads = _arena.Allocate<T>([rows, width]);
        Tensor<T> hidden = _arena.Allocate<T>([rows, config.FeedForwardWidth]);

        Embed(ids, position, rows / texts, x);
        for (int layer = 0; layer < config.Layers; layer++)
        {
            FrozenBlock<T> block = gpt.Blocks[layer];
            block.AttentionNorm.Forward(x, normed);
            block.QueryKeyValue.Forward(normed, qkv); // (R, 3C)
            if (layer == config.Layers - 1 && !everywhere)
            {
                // From here on only what logits come from; of the positions before, the keys and values are all that is needed.
                x = LastOfEach(x, texts);
                (normed, heads, hidden) = (normed.Slice(0, 0, texts), heads.Slice(0, 0, texts), hidden.Slice(0, 0, texts));
            }

            _cache.Attend(layer, text, texts, position, qkv, heads); // (R, C)
            block.Projection.AddTo(x, heads);

            block.FeedForwardNorm.Forward(x, normed);
            block.Up.Forward(normed, hidden); // (R, 4C)
            Activate(hidden);
            block.Down.AddTo(x, hidden);
        }

        gpt.FinalNorm.Forward(x, x);
        Tensor<T> logits = _arena.Allocate<T>([x.Shape[0], config.VocabularySize]);
        gpt.Head.Multiply(x, default, logits);
        return logits;
    }

    /// <summary>Copies what is kept of one text to another one.</summary>
    public void Copy(int from, int to) => _cache.Copy(from, to);

    /// <summary>Frees the memory.</summary>
    public void Dispose()
    {
        _cache.Dispose();
        _arena.Dispose();
    }

    private void Embed(ReadOnlySpan<int> ids, int position, int rowsOfText, Tensor<T> x)
    {
        for (int row = 0; row < ids.Length; row++)
        {
            gpt.RequireId(ids[row]);
            gpt.TokenEmbedding.ReadRow(ids[row], x.Slice(0, row, 1).Span);
        }

        for (int first = 0; first < ids.Length; first += rowsOfText)
        {
            Tensor<T> rows = x.Slice(0, first, rowsOfText);
            Elementwise.Add(rows, gpt.PositionEmbedding.Slice(0, position, rowsOfText), rows);
        }
    }

    private void Activate(in Tensor<T> x)
    {
        switch (gpt.Config.Activation)
        {
            case Activation.GeluTanh:
                Map.Forward<T, GeluTanhFunction<T>>(x, x);
                break;
            case Activation.GeluErf:
                Map.Forward<T, GeluErfFunction<T>>(x, x);
                break;
            case Activation.Relu:
                Map.Forward<T, ReluFunction<T>>(x, x);
                break;
            default:
                Map.Forward<T, SiluFunction<T>>(x, x);
                break;
        }
    }

    /// <summary>The last row of each text's, moved side by side.</summary>
    private static Tensor<T> LastOfEach(Tensor<T> x, int texts)
    {
        int rowsOfText = x.Shape[0] / texts;
        for (int text = 0; text < texts && rowsOfText > 1; text++)
        {
            x.Slice(0, (text + 1) * rowsOfText - 1, 1).Span.CopyTo(x.Slice(0, text, 1).Span);
        }

        return x.Slice(0, 0, texts);
    }
}
