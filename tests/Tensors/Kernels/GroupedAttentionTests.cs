using System.Numerics;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;
using MiniGpt.Tests.Reference;
using Xunit;

namespace MiniGpt.Tests.Tensors.Kernels;

/// <summary>Attention whose heads share keys and values, with masks that are added and scores that are capped.</summary>
[Collection("Alone")]
public class GroupedAttentionTests
{
    private const int Examples = 2, Heads = 4;

    // Tiles have 24 or 48 queries: sizes on both sides of each.
    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(5, 9, 8)]
    [InlineData(25, 25, 5)]
    [InlineData(1, 61, 33)]
    [InlineData(97, 131, 12)]
    public void Every_option_agrees_with_the_definition(int queries, int keys, int depth)
    {
        foreach (int keyHeads in (ReadOnlySpan<int>)[1, 2, 4])
        {
            foreach (double cap in (ReadOnlySpan<double>)[0, 1.5])
            {
                foreach (bool causal in (ReadOnlySpan<bool>)[false, true])
                {
                    Check<double>(queries, keys, depth, keyHeads, cap, causal, []);
                    Check<double>(queries, keys, depth, keyHeads, cap, causal, [queries, keys]);
                    Check<float>(queries, keys, depth, keyHeads, cap, causal, [Heads, 1, keys]);
                    Check<float>(queries, keys, depth, keyHeads, cap, causal, [Examples, 1, queries, keys]);
                    Check<double>(queries, keys, depth, keyHeads, cap, causal, [Examples, Heads, queries, keys]);
                }
            }
        }
    }

    [Fact]
    public void A_query_whose_keys_the_mask_hides_gets_zeros_and_gives_no_gradient()
    {
        var shape = new Shape(1, 2, 3, 4);
        Tensor<float> q = Samples.Random<float>(shape, 1);
        Tensor<float> k = Samples.Random<float>([1, 1, 3, 4], 2), v = Samples.Random<float>([1, 1, 3, 4], 3);
        Tensor<float> output = Samples.Filled<float>(shape, double.NaN), logSumExp = new([1, 2, 3, 2]);
        Tensor<float> dq = Samples.Filled<float>(shape, double.NaN), dOutput = Samples.Random<float>(shape, 4);
        Tensor<float> dk = Samples.Filled<float>(k.Shape, double.NaN), dv = Samples.Filled<float>(k.Shape, double.NaN);
        var options = new AttentionOptions<float>
        {
            Scale = 0.5f,
            SoftCap = 2,
            Mask = Samples.Filled<float>([3, 3], double.NegativeInfinity),
        };
        Attention.Forward(q, k, v, output, logSumExp, options);
        Attention.Backward(q, k, v, output, logSumExp, dOutput, dq, dk, dv, accumulate: false, options);
        foreach (Tensor<float> tensor in (Tensor<float>[])[output, dq, dk, dv])
            Assert.All(tensor.Span.ToArray(), x => Assert.Equal(0, x));
    }

    [Fact]
    public void A_causal_mask_as_numbers_is_the_causal_option()
    {
        var shape = new Shape(2, 3, 30, 8);
        Tensor<double> q = Samples.Random<double>(shape, 1), mask = new([30, 30]);
        for (int query = 0; query < 30; query++)
            Elementwise.Fill(mask.Slice(0, query, 1).Slice(1, query + 1, 29 - query), double.NegativeInfinity);

        Tensor<double> causal = new(shape), masked = new(shape), logSumExp = new(shape.With(3, 2));
        var options = new AttentionOptions<double> { Scale = 0.3 };
        Attention.Forward(q, q, q, causal, logSumExp, options with { Causal = true });
        Attention.Forward(q, q, q, masked, logSumExp, options with { Mask = mask });
        Samples.AssertClose(causal.Span.ToArray(), masked, 16, _ => 2);
    }

    [Fact]
    public void Results_are_the_same_bits_on_any_number_of_threads()
    {
        SameBits.AssertOnAnyNumberOfThreads(Run);

        static float[][] Run()
        {
            Shape shape = [3, 6, 70, 16], keyShape = [3, 2, 70, 16];
            Tensor<float> q = Samples.Random<float>(shape, 1);
            Tensor<float> k = Samples.Random<float>(keyShape, 2), v = Samples.Random<float>(keyShape, 3);
            Tensor<float> output = new(shape), logSumExp = new(shape.With(3, 2)), dq = new(shape), dk = new(keyShape), dv = new(keyShape);
            var options = new AttentionOptions<float>
            {
                Scale = 0.25f,
                Causal = true,
                SoftCap = 3,
                Mask = Samples.Random<float>([70, 70], 5),
            };
            Attention.Forward(q, k, v, output, logSumExp, options);
            Attention.Backward(q, k, v, output, logSumExp, Samples.Random<float>(shape, 4), dq, dk, dv, accumulate: false, options);
            return [output.Span.ToArray(), dq.Span.ToArray(), dk.Span.ToArray(), dv.Span.ToArray()];
        }
    }

    [Theory]
    [InlineData(4, 3)]
    [InlineData(2, 4)]
    [InlineData(2, 0)]
    public void Heads_of_keys_that_do_not_divide_those_of_queries_are_refused(int heads, int keyHeads)
    {
        Tensor<float> q = new([1, heads, 3, 4]), k = new([1, keyHeads, 3, 4]);
        ShapeException error = Assert.Throws<ShapeException>(() => Attention.Forward(
            q, k, k, new Tensor<float>(q.Shape), new Tensor<float>([1, heads, 3]), new AttentionOptions<float> { Scale = 1 }));
        Assert.Contains("divide", error.Message, StringComparison.Ordinal);
    }

    private static void Check<T>(int queries, int keys, int depth, int keyHeads, double cap, bool causal, int[] maskShape)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int group = Heads / keyHeads, firstQuery = keys - queries;
        Shape keyShape = [Examples, keyHeads, keys, depth];
        Tensor<T> q = Samples.Random<T>([Examples, Heads, queries, depth], 1), k = Samples.Random<T>(keyShape, 2);
        Tensor<T> v = Samples.Random<T>(keyShape, 3), dOutput = Samples.Random<T>(q.Shape, 4);
        Tensor<T> output = Samples.Filled<T>(q.Shape, double.NaN), logSumExp = new(q.Shape.With(3, 2));
        Tensor<T> dq = Samples.Filled<T>(q.Shape, double.NaN), dk = Samples.Filled<T>(keyShape, double.NaN);
        Tensor<T> dv = Samples.Filled<T>(keyShape, double.NaN);
        Tensor<T> mask = default, wholeMask = default;
        if (maskShape.Length > 0)
        {
            mask = Samples.Random<T>(new Shape(maskShape), 5);
            foreach (ref T element in mask.Span)
                element = element < T.CreateChecked(-1) ? T.NegativeInfinity : element;

            wholeMask = mask.BroadcastTo([Examples, Heads, queries, keys]);
        }

        var options = new AttentionOptions<T>
        {
            Scale = T.CreateChecked(1 / Math.Sqrt(depth)),
            Causal = causal,
            FirstQuery = firstQuery,
            SoftCap = T.CreateChecked(cap),
            Mask = mask,
        };
        Attention.Forward(q, k, v, output, logSumExp, options);
        Attention.Backward(q, k, v, output, logSumExp, dOutput, dq, dk, dv, accumulate: false, options);
        Tensor<T> dkTwice = Tensor<T>.From(dk.Span, keyShape);
        Attention.Backward(
            q, k, v, output, logSumExp, dOutput, new Tensor<T>(q.Shape), dkTwice, new Tensor<T>(keyShape), accumulate: true, options);

        for (int example = 0; example < Examples; example++)
        {
            for (int keyHead = 0; keyHead < keyHeads; keyHead++)
            {
                double[] kHead = Head(k, keyHead), vHead = Head(v, keyHead);
                double[] dkSum = new double[keys * depth], dvSum = new double[keys * depth];
                for (int head = keyHead * group; head < (keyHead + 1) * group; head++)
                {
                    var twin = new PlainAttention(
                        queries, keys, depth, depth, double.CreateChecked(options.Scale),
                        (i, j) => !causal || j <= firstQuery + i, (_, _) => 1,
                        mask.IsEmpty ? null : (i, j) => double.CreateChecked(wholeMask[example, head, i, j]), cap);
                    double[] qHead = Head(q, head);
                    Close(twin.Forward(qHead, kHead, vHead), output, head);
                    (double[] dqTwin, double[] dkTwin, double[] dvTwin) = twin.Backward(qHead, kHead, vHead, Head(dOutput, head));
                    Close(dqTwin, dq, head);
                    dkSum = [.. dkSum.Zip(dkTwin, (a, b) => a + b)];
                    dvSum = [.. dvSum.Zip(dvTwin, (a, b) => a + b)];
                }

                Close(dkSum, dk, keyHead);
                Close(dvSum, dv, keyHead);
                Close([.. dkSum.Select(x => 2 * x)], dkTwice, keyHead);
            }

            double[] Head(Tensor<T> tensor, int head) => Samples.Doubles(tensor.Slice(0, example, 1).Slice(1, head, 1));
            void Close(double[] expected, Tensor<T> actual, int head) => Samples.AssertClose(
                expected, actual.Slice(0, example, 1).Slice(1, head, 1), 256, i => Math.Max(4, Math.Abs(expected[i])));
        }
    }
}
