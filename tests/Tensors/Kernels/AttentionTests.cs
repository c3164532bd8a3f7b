using System.Numerics;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;
using MiniGpt.Tests.Reference;
using Xunit;

namespace MiniGpt.Tests.Tensors.Kernels;

[Collection("Alone")]
public class AttentionTests
{
    // Tiles have 24 or 48 queries, vectors 2 to 16 lanes: sizes on both sides of each.
    [Theory]
    [InlineData(1, 1, 1, 1)]
    [InlineData(5, 9, 8, 3)]
    [InlineData(9, 5, 7, 8)]
    [InlineData(24, 24, 16, 16)]
    [InlineData(25, 25, 5, 17)]
    [InlineData(1, 61, 33, 20)]
    [InlineData(97, 131, 12, 9)]
    [InlineData(131, 40, 6, 4)]
    public void Every_mask_agrees_with_the_definition(int queries, int keys, int depth, int valueWidth)
    {
        foreach (bool causal in (ReadOnlySpan<bool>)[false, true])
        {
            foreach (bool padded in (ReadOnlySpan<bool>)[false, true])
            {
                foreach (double dropout in (ReadOnlySpan<double>)[0, 0.3])
                {
                    int firstQuery = causal ? keys - queries : 0; // below 0 the first queries see nothing
                    Check<double>(queries, keys, depth, valueWidth, causal, firstQuery, padded, dropout);
                    Check<float>(queries, keys, depth, valueWidth, causal, firstQuery, padded, dropout);
                }
            }
        }
    }

    [Fact]
    public void Queries_that_see_nothing_get_zeros_and_give_no_gradient()
    {
        var shape = new Shape(1, 2, 3, 4);
        Tensor<float> q = Samples.Random<float>(shape, 1), k = Samples.Random<float>(shape, 2), v = Samples.Random<float>(shape, 3);
        Tensor<float> output = Samples.Filled<float>(shape, double.NaN), logSumExp = new([1, 2, 3, 2]);
        Tensor<float> dq = Samples.Filled<float>(shape, double.NaN), dk = Samples.Filled<float>(shape, double.NaN);
        Tensor<float> dv = Samples.Filled<float>(shape, double.NaN), dOutput = Samples.Random<float>(shape, 4);
        var options = new AttentionOptions<float> { Scale = 0.5f, Padding = Tensor<byte>.From([1, 1, 1], [1, 3]) };
        Attention.Forward(q, k, v, output, logSumExp, options);
        Attention.Backward(q, k, v, output, logSumExp, dOutput, dq, dk, dv, accumulate: false, options);
        foreach (Tensor<float> tensor in (Tensor<float>[])[output, dq, dk, dv])
            Assert.All(tensor.Span.ToArray(), x => Assert.Equal(0, x));
    }

    // Keys are worked on in panels of 12 and in blocks of 256.
    [Theory]
    [InlineData(5)]
    [InlineData(40)]
    [InlineData(300)]
    public void Keys_that_no_query_sees_get_no_gradient(int keys)
    {
        Tensor<float> q = Samples.Random<float>([1, 1, 2, 4], 1), k = Samples.Random<float>([1, 1, keys, 4], 2);
        Tensor<float> v = Samples.Random<float>([1, 1, keys, 3], 3), output = new([1, 1, 2, 3]), logSumExp = new([1, 1, 2, 2]);
        Tensor<float> dq = new(q.Shape), dk = Samples.Filled<float>(k.Shape, double.NaN), dv = Samples.Filled<float>(v.Shape, double.NaN);
        var options = new AttentionOptions<float> { Scale = 0.5f, Causal = true };
        Attention.Forward(q, k, v, output, logSumExp, options);
        Attention.Backward(q, k, v, output, logSumExp, output, dq, dk, dv, accumulate: false, options);
        Assert.All(Samples.Doubles(dk.Slice(2, 2, keys - 2)), x => Assert.Equal(0, x));
        Assert.All(Samples.Doubles(dv.Slice(2, 2, keys - 2)), x => Assert.Equal(0, x));
        Assert.All(Samples.Doubles(dv.Slice(2, 0, 2)), x => Assert.True(double.IsFinite(x)));
    }

    [Fact]
    public void No_keys_at_all_give_zeros()
    {
        Tensor<float> q = Samples.Random<float>([1, 1, 3, 4], 1), none = new([1, 1, 0, 4]);
        Tensor<float> output = Samples.Filled<float>(q.Shape, double.NaN);
        Attention.Forward(q, none, none, output, new Tensor<float>([1, 1, 3, 2]), new AttentionOptions<float> { Scale = 1 });
        Assert.All(output.Span.ToArray(), x => Assert.Equal(0, x));
    }

    [Fact]
    public void Large_scores_do_not_overflow()
    {
        Tensor<float> q = Samples.Filled<float>([1, 1, 2, 1], 300), k = Tensor<float>.From([300, -300], [1, 1, 2, 1]);
        Tensor<float> v = Tensor<float>.From([1, 2], [1, 1, 2, 1]), output = new([1, 1, 2, 1]);
        Attention.Forward(q, k, v, output, new Tensor<float>([1, 1, 2, 2]), new AttentionOptions<float> { Scale = 1 });
        Assert.Equal([1, 1], output.Span.ToArray());
    }

    [Fact]
    public void The_log_sum_exp_is_that_of_the_scaled_scores()
    {
        Tensor<double> q = Tensor<double>.From([2], [1, 1, 1, 1]), k = Tensor<double>.From([1, -1, 3], [1, 1, 3, 1]);
        Tensor<double> logSumExp = new([1, 1, 1, 2]);
        Attention.Forward(q, k, k, new Tensor<double>([1, 1, 1, 1]), logSumExp, new AttentionOptions<double> { Scale = 0.5 });
        Assert.Equal(Math.Log(Math.Exp(1) + Math.Exp(-1) + Math.Exp(3)), logSumExp.Span[1], 1e-14);
    }

    [Fact]
    public void Results_are_the_same_bits_on_any_number_of_threads()
    {
        SameBits.AssertOnAnyNumberOfThreads(Run);

        static float[][] Run()
        {
            var shape = new Shape(3, 4, 70, 16);
            Tensor<float> q = Samples.Random<float>(shape, 1), k = Samples.Random<float>(shape, 2), v = Samples.Random<float>(shape, 3);
            Tensor<float> output = new(shape), logSumExp = new(shape.With(3, 2)), dq = new(shape), dk = new(shape), dv = new(shape);
            var options = new AttentionOptions<float> { Scale = 0.25f, Causal = true, Dropout = 0.1 };
            Attention.Forward(q, k, v, output, logSumExp, options);
            Attention.Backward(q, k, v, output, logSumExp, Samples.Random<float>(shape, 4), dq, dk, dv, accumulate: false, options);
            return [output.Span.ToArray(), dq.Span.ToArray(), dk.Span.ToArray(), dv.Span.ToArray()];
        }
    }

    [Fact]
    public void Shapes_and_options_that_make_no_sense_are_refused()
    {
        Tensor<float> q = new([1, 2, 3, 4]), logSumExp = new([1, 2, 3, 2]);
        var options = new AttentionOptions<float> { Scale = 1 };
        void Forward(Tensor<float> k, Tensor<float> v, Tensor<float> output, AttentionOptions<float> with) =>
            Attention.Forward(q, k, v, output, logSumExp, with);

        Assert.Throws<ShapeException>(() => Forward(new([1, 2, 3, 5]), q, q, options));
        Assert.Throws<ShapeException>(() => Forward(new([1, 3, 3, 4]), new([1, 3, 3, 4]), q, options));
        Assert.Throws<ShapeException>(() => Forward(q, new([1, 2, 4, 4]), q, options));
        Assert.Throws<ShapeException>(() => Forward(q, q, new([1, 2, 3, 5]), options));
        Assert.Throws<ShapeException>(() => Forward(q, q, q, options with { Padding = new Tensor<byte>([1, 4]) }));
        Assert.Throws<ArgumentException>(() => Forward(new Tensor<float>([1, 2, 4, 3]).Transpose(2, 3), q, q, options));
        Assert.Throws<ArgumentException>(() => Forward(q, q, q, options with { Scale = 0 }));
        Assert.Throws<ArgumentException>(() => Forward(q, q, q, options with { Dropout = 1 }));
        Assert.Throws<ArgumentException>(() => Forward(q, q, q, options with { SoftCap = -1 }));
        Assert.Throws<ArgumentException>(() => Forward(q, q, q, options with { SoftCap = float.PositiveInfinity }));
        Assert.Throws<ShapeException>(() => Forward(q, q, q, options with { Mask = new Tensor<float>([3, 1]) }));
        Assert.Throws<ShapeException>(() => Forward(q, q, q, options with { Mask = new Tensor<float>([2, 3]) }));
        Assert.Throws<ShapeException>(() => Forward(q, q, q, options with { Mask = new Tensor<float>([1, 1, 1, 3, 3]) }));
        Assert.Throws<ArgumentException>(() => Forward(q, q, q, options with { Mask = new Tensor<float>([3, 3]).Transpose(0, 1) }));
        Tensor<byte> apart = new Tensor<byte>([3, 2]).Transpose(0, 1).Slice(0, 0, 1);
        Assert.Throws<ArgumentException>(() => Forward(q, q, q, options with { Padding = apart }));
        Assert.Throws<ShapeException>(() => Attention.Forward(q, q, q, q, new Tensor<float>([1, 2, 4]), options));
        Assert.Throws<ShapeException>(() =>
            Attention.Backward(q, q, q, q, logSumExp, q, q, new Tensor<float>([1, 2, 4, 4]), q, accumulate: false, options));
    }

    private static void Check<T>(
        int queries, int keys, int depth, int valueWidth, bool causal, int firstQuery, bool padded, double dropout)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        const int Examples = 2, Heads = 2;

        // Views with gaps, as of packed projections [B, T, H, D].
        Tensor<T> q = Samples.Random<T>([Examples, queries, Heads, depth], 1).Transpose(1, 2);
        Tensor<T> k = Samples.Random<T>([Examples, keys, Heads, depth], 2).Transpose(1, 2);
        Tensor<T> v = Samples.Random<T>([Examples, keys, Heads, valueWidth], 3).Transpose(1, 2);
        Tensor<T> dOutput = Samples.Random<T>([Examples, queries, Heads, valueWidth], 4).Transpose(1, 2);
        Tensor<T> output = Samples.Filled<T>([Examples, queries, Heads, valueWidth], double.NaN).Transpose(1, 2);
        Tensor<T> dq = Samples.Filled<T>(q.Shape, double.NaN), dk = Samples.Filled<T>(k.Shape, double.NaN);
        Tensor<T> dv = Samples.Filled<T>(v.Shape, double.NaN);
        Tensor<T> logSumExp = new(q.Shape.With(3, 2));
        Tensor<int> draws = Samples.Integers([Examples, keys], 5, 4);
        var stream = new RandomStream(7, RandomPurpose.Dropout);
        var options = new AttentionOptions<T>
        {
            Scale = T.CreateChecked(1 / Math.Sqrt(depth)),
            Causal = causal,
            FirstQuery = firstQuery,
            Padding = padded
                ? Tensor<byte>.From([.. draws.Span.ToArray().Select(draw => (byte)(draw == 0 ? 1 : 0))], draws.Shape)
                : default,
            Dropout = dropout,
            DropoutStream = stream,
        };
        Attention.Forward(q, k, v, output, logSumExp, options);
        Attention.Backward(q, k, v, output, logSumExp, dOutput, dq, dk, dv, accumulate: false, options);
        Tensor<T> dqTwice = Samples.Copy(dq), dkTwice = Samples.Copy(dk), dvTwice = Samples.Copy(dv);
        Attention.Backward(q, k, v, output, logSumExp, dOutput, dqTwice, dkTwice, dvTwice, accumulate: true, options);

        for (int example = 0; example < Examples; example++)
        {
            for (int head = 0; head < Heads; head++)
            {
                long first = (long)(example * Heads + head) * queries;
                var twin = new PlainAttention(
                    queries, keys, depth, valueWidth, double.CreateChecked(options.Scale),
                    (i, j) => (!causal || j <= firstQuery + i) && (!padded || options.Padding[example, j] == 0),
                    (i, j) => dropout == 0 ? 1
                        : stream.Bits((ulong)((first + i) * keys + j)) < dropout * 4294967296.0 ? 0 : 1 / (1 - dropout));
                double[] Head(Tensor<T> tensor) => Samples.Doubles(tensor.Slice(0, example, 1).Slice(1, head, 1));
                void Close(double[] expected, Tensor<T> actual, double times) => Samples.AssertClose(
                    [.. expected.Select(x => x * times)], actual.Slice(0, example, 1).Slice(1, head, 1), 256,
                    i => Math.Max(4, Math.Abs(expected[i])));

                double[] qHead = Head(q), kHead = Head(k), vHead = Head(v);
                Close(twin.Forward(qHead, kHead, vHead), output, 1);
                (double[] dqTwin, double[] dkTwin, double[] dvTwin) = twin.Backward(qHead, kHead, vHead, Head(dOutput));
                Close(dqTwin, dq, 1);
                Close(dkTwin, dk, 1);
                Close(dvTwin, dv, 1);
                Close(dqTwin, dqTwice, 2);
                Close(dkTwin, dkTwice, 2);
                Close(dvTwin, dvTwice, 2);
            }
        }
    }
}
