using System.Numerics;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;
using MiniGpt.Tests.Reference;
using Xunit;

namespace MiniGpt.Tests.Tensors.Kernels;

public class KeyValueCacheTests
{
    private const int Texts = 2;

    [Fact]
    public void Attention_over_stored_positions_agrees_with_the_plain_loop_at_every_size_from_1_to_257()
    {
        foreach (int size in TriedLengths.Of(1, 257))
        {
            Check<double>(stored: size - 1, added: 1, headSize: 3);
            Check<double>(stored: size % 20, added: 2, headSize: size);
            Check<float>(stored: 0, added: size % 40 + 1, headSize: 1 + size % 7);
            Check<float>(stored: 5, added: 3, headSize: size);
        }

        Check<double>(stored: 0, added: 257, headSize: 5);
    }

    [Theory]
    [InlineData(4, 1, 0)]
    [InlineData(6, 2, 0)]
    [InlineData(3, 3, 1)]
    [InlineData(2, 1, 5)]
    [InlineData(4, 2, 64)]
    [InlineData(2, 2, 70)]
    public void Heads_share_keys_and_windows_hide_what_is_far(int heads, int keyHeads, int window)
    {
        foreach ((int stored, int added) in (ReadOnlySpan<(int, int)>)[(0, 1), (0, 37), (3, 1), (100, 5), (130, 70), (255, 2)])
        {
            Check<double>(stored, added, 6, heads, keyHeads, window);
            Check<float>(stored, added, 20, heads, keyHeads, window);
        }
    }

    [Fact]
    public void Queries_look_at_all_that_is_stored_of_another_sequence()
    {
        const int Positions = 71, Size = 9, Queries = 20;
        using var cache = new KeyValueCache<double>(2, Texts, 2, Positions, Size);
        Tensor<double> kv = Samples.Random<double>([Texts, Positions, 4 * Size], 1), q = Samples.Random<double>([Texts, Queries, 4 * Size], 2);
        Tensor<double> k = Heads(kv, 0, 2, Size), v = Heads(kv, 2, 2, Size);
        cache.Store(1, 0, 0, k, v);
        Tensor<double> output = new([Texts, Queries, 4 * Size]);
        cache.Look(1, 0, Positions, Heads(q, 0, 4, Size), Heads(output, 0, 4, Size), 0.3);
        AssertPlain(Heads(q, 0, 4, Size), k, v, Heads(output, 0, 4, Size), 0.3, isVisible: (_, _) => true);
    }

    [Fact]
    public void Texts_that_begin_alike_share_blocks_until_one_writes_over_them()
    {
        const int Size = 5, Positions = 150;
        using var cache = new KeyValueCache<double>(layers: 2, texts: 3, keyHeads: 1, context: 200, Size, blocks: 7);
        Tensor<double> k = Samples.Random<double>([1, 1, Positions, Size], 1), v = Samples.Random<double>([1, 1, Positions, Size], 2);
        Tensor<double> q = Samples.Random<double>([1, 1, 1, Size], 3), other = Samples.Random<double>([1, 1, 1, Size], 4);
        for (int layer = 0; layer < 2; layer++)
            cache.Store(layer, 0, 0, k, v);
        Assert.Equal(4, cache.FreeBlocks);
        double[] before = Look(0, Positions);
        cache.Copy(0, 1);
        cache.Copy(0, 2, positions: 70);
        Assert.Equal(4, cache.FreeBlocks); // nothing is copied yet
        Assert.Equal(before, Look(1, Positions));

        // Position 100 lies in the second block: that one is copied, the first stays shared, and the third is written over no further.
        for (int layer = 0; layer < 2; layer++)
            cache.Store(layer, 1, 100, other, other);
        Assert.Equal(3, cache.FreeBlocks);
        Assert.Equal(before, Look(0, Positions));
        Assert.NotEqual(before, Look(1, Positions));
        Assert.Equal(Look(0, 100), Look(1, 100));
        Assert.Equal(Look(0, 70), Look(2, 70));

        cache.Forget(0);
        Assert.Equal(3, cache.FreeBlocks); // the others still have all of its blocks
        cache.Forget(1);
        cache.Forget(2);
        Assert.Equal(7, cache.FreeBlocks);
        Assert.Throws<InvalidOperationException>(() =>
        {
            for (int text = 0; text < 3; text++)
                cache.Store(0, text, 0, k, v);
        });

        double[] Look(int text, int positions)
        {
            Tensor<double> output = new([1, 1, 1, Size]);
            cache.Look(1, text, positions, q, output, 1);
            return output.Span.ToArray();
        }
    }

    [Fact]
    public void Texts_at_different_positions_get_what_each_would_get_alone()
    {
        const int Size = 12;
        int[] texts = [2, 0, 3], positions = [0, 77, 130];
        using var together = new KeyValueCache<float>(1, 4, 2, 140, Size);
        using var alone = new KeyValueCache<float>(1, 4, 2, 140, Size);
        Tensor<float> stored = Samples.Random<float>([1, 2, 130, Size], 1), q = Samples.Random<float>([3, 4, 1, Size], 2);
        Tensor<float> k = Samples.Random<float>([3, 2, 1, Size], 3), v = Samples.Random<float>([3, 2, 1, Size], 4), output = new([3, 4, 1, Size]), one = new([1, 4, 1, Size]);
        for (int i = 1; i < 3; i++)
        {
            together.Store(0, texts[i], 0, stored.Slice(2, 0, positions[i]), stored.Slice(2, 0, positions[i]));
            alone.Store(0, texts[i], 0, stored.Slice(2, 0, positions[i]), stored.Slice(2, 0, positions[i]));
        }

        together.Attend(0, texts, positions, q, k, v, output, 0.3f);
        for (int i = 0; i < 3; i++)
        {
            alone.Attend(0, texts[i], positions[i], q.Slice(0, i, 1), k.Slice(0, i, 1), v.Slice(0, i, 1), one, 0.3f);
            Assert.Equal(one.Span.ToArray(), output.Slice(0, i, 1).Span.ToArray());
        }
    }

    [Fact]
    public void Outputs_that_no_positions_stand_for_are_refused_with_both_shapes()
    {
        using var cache = new KeyValueCache<float>(layers: 1, texts: 2, keyHeads: 1, context: 4, headSize: 3);
        Tensor<float> two = new([2, 1, 2, 3]);
        foreach (int rows in (int[])[1, 3])
        {
            Tensor<float> output = new([2, 1, rows, 3]);
            Assert.Contains($"[2, 1, {rows}, 3]", Assert.Throws<ShapeException>(() => cache.Attend(0, 0, 0, two, two, two, output, 1)).Message);
        }
        Assert.Throws<ShapeException>(() => cache.Attend(0, 0, 0, new([2, 1, 3, 3]), two, two, new([2, 1, 3, 3]), 1)); // more queries than positions
        foreach (Tensor<float> other in (Tensor<float>[])[new([2, 2, 3]), new([2, 1, 2, 3, 1]), new([3])])
        {
            Assert.Throws<ShapeException>(() => cache.Attend(0, 0, 0, other, two, two, other, 1));
            Assert.Throws<ShapeException>(() => cache.Attend(0, 0, 0, two, other, other, two, 1));
            Assert.Throws<ShapeException>(() => cache.Look(0, 0, 2, other, other, 1));
        }
        Assert.Throws<ShapeException>(() => cache.Attend(0, 0, 0, two, new([2, 2, 2, 3]), new([2, 2, 2, 3]), two, 1)); // heads of keys
        Assert.Throws<ArgumentOutOfRangeException>(() => cache.Attend(1, 0, 0, two, two, two, two, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => cache.Attend(0, 1, 0, two, two, two, two, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => cache.Attend(0, 0, 3, two, two, two, two, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => cache.Look(0, 0, 5, two, two, 1));
    }

    private static void Check<T>(int stored, int added, int headSize, int heads = 2, int keyHeads = 2, int window = 0)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int all = stored + added, packed = (heads + 2 * keyHeads) * headSize;
        T scale = T.CreateChecked(1 / Math.Sqrt(headSize));
        using var cache = new KeyValueCache<T>(1, Texts, keyHeads, all, headSize);
        Tensor<T> qkv = Samples.Random<T>([Texts, all, packed], headSize + all);
        if (stored > 0)
            Attend(0, stored, new Tensor<T>([Texts, stored, heads * headSize]));
        Tensor<T> output = Samples.Filled<T>([Texts, added, heads * headSize], double.NaN);
        Attend(stored, added, output);

        AssertPlain(
            Heads(qkv, 0, heads, headSize).Slice(2, stored, added), Heads(qkv, heads, keyHeads, headSize), Heads(qkv, heads + keyHeads, keyHeads, headSize),
            Heads(output, 0, heads, headSize), scale, (query, key) => key <= stored + query && (window == 0 || key > stored + query - window));

        // Asked of the last new positions alone, the same.
        int asked = (added + 1) / 2;
        var last = new Tensor<T>([Texts, asked, heads * headSize]);
        Attend(stored, added, last);
        for (int text = 0; text < Texts; text++)
            Assert.Equal(output.Slice(0, text, 1).Span[((added - asked) * heads * headSize)..].ToArray(), last.Slice(0, text, 1).Span.ToArray());

        void Attend(int first, int count, Tensor<T> to)
        {
            Tensor<T> copy = Samples.Copy(qkv.Slice(1, first, count));
            Tensor<T> q = Heads(copy, 0, heads, headSize).Slice(2, count - to.Shape[1], to.Shape[1]);
            cache.Attend(0, 0, first, q, Heads(copy, heads, keyHeads, headSize), Heads(copy, heads + keyHeads, keyHeads, headSize),
                Heads(to, 0, heads, headSize), scale, window);
        }
    }

    /// <summary>Compares outputs [B, H, Tq, D] with the plain loop over each head and the keys [B, G, Tk, D] that it shares.</summary>
    private static void AssertPlain<T>(Tensor<T> q, Tensor<T> k, Tensor<T> v, Tensor<T> output, T scale, Func<int, int, bool> isVisible)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        (int heads, int queries, int size) = (q.Shape[1], q.Shape[2], q.Shape[3]);
        PlainAttention plain = new(queries, k.Shape[2], size, size, double.CreateChecked(scale), isVisible, factor: (_, _) => 1);
        for (int text = 0; text < q.Shape[0]; text++)
        {
            for (int head = 0; head < heads; head++)
            {
                int shared = head / (heads / k.Shape[1]);
                double[] expected = plain.Forward(Samples.Doubles(Head(q, head)), Samples.Doubles(Head(k, shared)), Samples.Doubles(Head(v, shared)));
                // Scores are below D · 4 · scale; a weight errs by the share that a score does, and the outputs are means of numbers up to 2.
                Samples.AssertClose(expected, Head(output, head), 16, _ => 2 * (2 + 4 * size * double.CreateChecked(scale)));
            }

            Tensor<T> Head(Tensor<T> tensor, int head) => tensor.Slice(0, text, 1).Slice(1, head, 1);
        }
    }

    /// <summary>Heads of a packed [B, T, W] as [B, H, T, D].</summary>
    private static Tensor<T> Heads<T>(Tensor<T> packed, int first, int count, int size)
        where T : unmanaged =>
        packed.Reshape([packed.Shape[0], packed.Shape[1], packed.Shape[2] / size, size]).Slice(2, first, count).Transpose(1, 2);
}
