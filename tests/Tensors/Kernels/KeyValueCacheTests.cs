using System.Numerics;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;
using Xunit;

namespace MiniGpt.Tests.Tensors.Kernels;

public class KeyValueCacheTests
{
    [Fact]
    public void Attention_over_stored_positions_agrees_with_the_plain_loop_at_every_size_from_1_to_257()
    {
        for (int size = 1; size <= 257; size++)
        {
            Check<double>(stored: size - 1, added: 1, headSize: 3);
            Check<double>(stored: size % 20, added: 2, headSize: size);
            Check<float>(stored: 0, added: size % 40 + 1, headSize: 1 + size % 7);
            Check<float>(stored: 5, added: 3, headSize: size);
        }

        Check<double>(stored: 0, added: 257, headSize: 5);
    }

    [Fact]
    public void Outputs_that_no_positions_stand_for_are_refused_with_both_shapes()
    {
        using var cache = new KeyValueCache<float>(layers: 1, texts: 2, heads: 1, context: 4, headSize: 3);
        Tensor<float> qkv = new([4, 9]);
        foreach (int rows in (int[])[3, 6])
            Assert.Contains($"[{rows}, 3]", Assert.Throws<ShapeException>(() => cache.Attend(0, 0, 2, 0, qkv, new Tensor<float>([rows, 3]))).Message);
    }

    // Scores are below D · 4 · scale; a weight errs by the share that a score does, and the outputs are means of numbers up to 2.
    private static void Check<T>(int stored, int added, int headSize)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        const int Texts = 2, Heads = 2;
        int width = Heads * headSize, all = stored + added;
        using var cache = new KeyValueCache<T>(1, Texts, Heads, all, headSize);
        Tensor<T> qkv = Samples.Random<T>([Texts, all, 3 * width], headSize + all);
        Tensor<T> output = Samples.Filled<T>([Texts * added, width], double.NaN);
        if (stored > 0)
        {
            Tensor<T> before = Rows(0, stored);
            cache.Attend(0, 0, Texts, 0, before, new Tensor<T>([Texts * stored, width]));
        }

        cache.Attend(0, 0, Texts, stored, Rows(stored, added), output);
        var expected = new List<double>();
        for (int row = 0; row < Texts * added; row++)
        {
            (int text, int position) = (row / added, stored + row % added);
            for (int head = 0; head < Heads; head++)
            {
                double[] weights = [.. Enumerable.Range(0, position + 1).Select(key => Math.Exp(
                    Enumerable.Range(0, headSize).Sum(d => Number(text, position, 0, head, d) * Number(text, key, 1, head, d)) / Math.Sqrt(headSize)))];
                expected.AddRange(Enumerable.Range(0, headSize).Select(d =>
                    weights.Select((weight, key) => weight * Number(text, key, 2, head, d)).Sum() / weights.Sum()));
            }
        }

        Samples.AssertClose([.. expected], output, 16, _ => 2 * (2 + 4 * Math.Sqrt(headSize)));

        // Asked of the last new positions alone, the same.
        int asked = (added + 1) / 2;
        var last = new Tensor<T>([Texts, asked, width]);
        cache.Attend(0, 0, Texts, stored, Rows(stored, added), last.Reshape([Texts * asked, width]));
        for (int text = 0; text < Texts; text++)
            Assert.Equal(output.Slice(0, (text + 1) * added - asked, asked).Span.ToArray(), last.Slice(0, text, 1).Span.ToArray());

        double Number(int text, int position, int part, int head, int d) =>
            double.CreateTruncating(qkv[text, position, part * width + head * headSize + d]);

        Tensor<T> Rows(int first, int count)
        {
            var rows = new Tensor<T>([Texts, count, 3 * width]);
            Elementwise.Copy(qkv.Slice(1, first, count), rows);
            return rows.Reshape([Texts * count, 3 * width]);
        }
    }
}
