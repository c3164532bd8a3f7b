using System.Numerics;
using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;
using MiniGpt.Tensors.Memory;
using MiniGpt.Tensors.Threading;
using Xunit;

namespace MiniGpt.Tests.Tensors.Kernels;

/// <summary>Attention at its limits: numbers that are none, huge ones, and more keys than are worked on at a time.</summary>
[Collection("Alone")]
public class AttentionLimitsTests
{
    private const int Context = 70, Width = 5;

    // In the middle of a panel of queries, at its edges, at the start and at the end.
    [Theory]
    [InlineData(0)]
    [InlineData(11)]
    [InlineData(12)]
    [InlineData(33)]
    [InlineData(69)]
    public void What_is_no_number_reaches_only_those_who_see_it(int token)
    {
        foreach (double bad in (ReadOnlySpan<double>)[double.NaN, double.PositiveInfinity, double.NegativeInfinity])
        {
            for (int input = 0; input < 4; input++)
            {
                CheckReach<float>(token, bad, input);
                CheckReach<double>(token, bad, input);
            }
        }
    }

    // Keeping scores anywhere, on the tape or in a kernel's working memory, would make it grow with the square: 4 times as much each time.
    [Fact]
    public void Memory_grows_with_the_context_not_with_its_square()
    {
        const int HeadSize = 64;
        long[] bytes = [.. new[] { 512, 1024, 2048, 4096 }.Select(AllocatedBy)];
        for (int i = 1; i < bytes.Length; i++)
        {
            // The tape's memory grows in steps.
            Assert.InRange(bytes[i], bytes[i - 1], 3 * bytes[i - 1]);
        }

        Assert.InRange(bytes[^1], 4 * bytes[0], 12 * bytes[0]);
        Assert.InRange(bytes[^1], 1, 4096L * 4096 * sizeof(float) / 3);

        // Forward and backward on a thread of its own, whose working memory is empty at the start.
        static long AllocatedBy(int context)
        {
            long allocated = 0;
            int threads = Workers.Count;
            Workers.Count = 1;
            var thread = new Thread(() =>
            {
                Tensor<float> inputs = Samples.Random<float>([1, context, 3 * HeadSize], 1);
                long before = AlignedMemory.AllocatedBytesForCurrentThread + GC.GetAllocatedBytesForCurrentThread();
                using var tape = new Tape<float>();
                Variable<float> x = tape.Leaf(inputs);
                tape.Backward(x.SelfAttention(heads: 1, new AttentionOptions<float> { Scale = 0.125f, Causal = true }).Sum());
                allocated = AlignedMemory.AllocatedBytesForCurrentThread + GC.GetAllocatedBytesForCurrentThread() - before;
            });
            thread.Start();
            thread.Join();
            Workers.Count = threads;
            return allocated;
        }
    }

    [Fact]
    public void Padding_hides_what_is_no_number()
    {
        var shape = new Shape(1, 1, 3, 4);
        Tensor<float>[] x = [.. Enumerable.Range(1, 4).Select(seed => Samples.Random<float>(shape, seed))];
        x[1].Slice(2, 1, 1).Span.Fill(float.NaN);
        x[2].Slice(2, 1, 1).Span.Fill(float.PositiveInfinity);
        var options = new AttentionOptions<float> { Scale = 0.5f, Padding = Tensor<byte>.From([0, 1, 0], [1, 3]) };
        Tensor<float>[] results = Run(x, options);
        foreach (Tensor<float> result in results[..2])
            Assert.All(result.Span.ToArray(), value => Assert.True(float.IsFinite(value)));

        Assert.All(results[2].Slice(2, 1, 1).Span.ToArray(), value => Assert.Equal(0, value));
        Assert.All(results[3].Slice(2, 1, 1).Span.ToArray(), value => Assert.Equal(0, value));
    }

    [Fact]
    public void Huge_scores_give_the_greatest_all_the_weight_and_finite_gradients()
    {
        var shape = new Shape(1, 1, 2, 1);
        Tensor<float>[] x =
        [
            Samples.Filled<float>(shape, 1e15), Tensor<float>.From([1e15f, 3e14f], shape), Tensor<float>.From([1, 2], shape),
            Samples.Filled<float>(shape, 1),
        ];
        Tensor<float>[] results = Run(x, new AttentionOptions<float> { Scale = 0.3f });
        Assert.Equal([1, 1], results[0].Span.ToArray());
        Assert.All(results[1..], result => Assert.All(result.Span.ToArray(), value => Assert.True(float.IsFinite(value))));
    }

    // Keys are worked on 256 at a time on the way back, queries 96.
    [Fact]
    public void Long_contexts_have_the_gradients_that_their_halves_add_up_to()
    {
        const int Keys = 600;
        Tensor<double> q = Samples.Random<double>([1, 1, 5, 3], 1), dOutput = Samples.Random<double>([1, 1, 5, 3], 4);
        Tensor<double> k = Samples.Random<double>([1, 1, Keys, 3], 2), v = Samples.Random<double>([1, 1, Keys, 3], 3);
        var options = new AttentionOptions<double> { Scale = 0.5, Causal = true, FirstQuery = Keys - 5 };
        Tensor<double>[] results = Run([q, k, v, dOutput], options);
        var twin = new Reference.PlainAttention(5, Keys, 3, 3, 0.5, (i, j) => j <= Keys - 5 + i, (_, _) => 1);
        double[] Doubles(Tensor<double> tensor) => tensor.Span.ToArray();
        (double[] dq, double[] dk, double[] dv) = twin.Backward(Doubles(q), Doubles(k), Doubles(v), Doubles(dOutput));
        Samples.AssertClose(twin.Forward(Doubles(q), Doubles(k), Doubles(v)), results[0], 256, _ => 4);
        Samples.AssertClose(dq, results[1], 256, _ => 4);
        Samples.AssertClose(dk, results[2], 256, _ => 4);
        Samples.AssertClose(dv, results[3], 256, _ => 4);
    }

    /// <summary>Spoils one token of q, k, v or the output's gradient, and compares what should not notice with the unspoilt run.</summary>
    private static void CheckReach<T>(int token, double bad, int input)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var shape = new Shape(1, 1, Context, Width);
        var options = new AttentionOptions<T> { Scale = T.CreateChecked(0.4), Causal = true };
        Tensor<T>[] x = [.. Enumerable.Range(1, 4).Select(seed => Samples.Random<T>(shape, seed))];
        Tensor<T>[] clean = Run(x, options);
        x[input].Slice(2, token, 1).Span.Fill(T.CreateChecked(bad));
        Tensor<T>[] spoilt = Run(x, options);

        // A query, and the gradient of its output, belong to its own row; a key and a value to the rows from their own on.
        bool ofQuery = input is 0 or 3;
        for (int row = 0; row < Context; row++)
        {
            bool isReached = ofQuery ? row == token : row >= token;
            AssertSame(clean[0], spoilt[0], row, mayDiffer: isReached && input != 3);
            AssertSame(clean[1], spoilt[1], row, mayDiffer: isReached);

            // The gradients of keys and values gather from the rows that see them: a spoilt row reaches those up to its own.
            bool isKeyReached = ofQuery ? row <= token : true;
            AssertSame(clean[2], spoilt[2], row, mayDiffer: isKeyReached);
            AssertSame(clean[3], spoilt[3], row, mayDiffer: isKeyReached);
        }

        if (double.IsNaN(bad) && input != 3)
            Assert.All(Samples.Doubles(spoilt[0].Slice(2, token, 1)), value => Assert.True(double.IsNaN(value)));
    }

    private static void AssertSame<T>(Tensor<T> clean, Tensor<T> spoilt, int row, bool mayDiffer)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (!mayDiffer)
            Samples.AssertClose(Samples.Doubles(clean.Slice(2, row, 1)), spoilt.Slice(2, row, 1), 64, _ => 4);
    }

    private static Tensor<T>[] Run<T>(Tensor<T>[] x, AttentionOptions<T> options)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Tensor<T> output = new(x[0].Shape.With(3, x[2].Shape[3])), logSumExp = new(x[0].Shape.With(3, 2));
        Tensor<T> dq = Samples.Filled<T>(x[0].Shape, double.NaN), dk = Samples.Filled<T>(x[1].Shape, double.NaN);
        Tensor<T> dv = Samples.Filled<T>(x[2].Shape, double.NaN);
        Attention.Forward(x[0], x[1], x[2], output, logSumExp, options);
        Attention.Backward(x[0], x[1], x[2], output, logSumExp, x[3], dq, dk, dv, accumulate: false, options);
        return [output, dq, dk, dv];
    }
}
