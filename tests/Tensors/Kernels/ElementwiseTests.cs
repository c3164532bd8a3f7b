using System.Numerics;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;
using Xunit;

namespace MiniGpt.Tests.Tensors.Kernels;

public class ElementwiseTests
{
    [Fact]
    public void Arithmetic_over_contiguous_tensors_of_any_length()
    {
        foreach (int size in TriedLengths.Of(0, 257))
        {
            CheckAll(Make<float>([size], 1), Make<float>([size], 2), [size]);
            CheckAll(Make<double>([size], 1), Make<double>([size], 2), [size]);
        }

        CheckAll(Make<float>([3, 20000], 1), Make<float>([3, 20000], 2), [3, 20000]);
    }

    [Fact]
    public void Operands_are_broadcast()
    {
        CheckAll(Make<float>([5, 7], 1), Make<float>([7], 2), [5, 7]);
        CheckAll(Make<float>([5, 7], 1), Make<float>([5, 1], 2), [5, 7]);
        CheckAll(Make<double>([5, 1, 3], 1), Make<double>([1, 17, 1], 2), [5, 17, 3]);
        CheckAll(Make<double>([], 1), Make<double>([40], 2), [2, 3, 40]);
        CheckAll(Make<float>([1, 300], 1), Make<float>([300, 1], 2), [300, 300]);
    }

    [Fact]
    public void Operands_are_views()
    {
        CheckAll(Make<float>([7, 5], 1).Transpose(0, 1), Make<float>([5, 7], 2), [5, 7]);
        CheckAll(Make<float>([2, 9, 3, 8], 1).Transpose(1, 2), Make<float>([2, 3, 9, 8], 2), [2, 3, 9, 8]);
        CheckAll(Make<double>([9, 40], 1).Slice(1, 3, 33), Make<double>([12, 33], 2).Slice(0, 2, 9), [9, 33]);
        CheckAll(Make<float>([4, 5, 6], 1).Transpose(0, 2), Make<float>([6, 5, 4], 2).Slice(2, 1, 1), [6, 5, 4]);
        CheckAll(Make<float>([200, 300], 1).Transpose(0, 1), Make<float>([300, 1], 2), [300, 200]);
        CheckAll(Make<float>([2, 3, 1, 2, 3, 5], 1).Transpose(1, 4), Make<float>([5], 2), [2, 3, 1, 2, 3, 5]);
    }

    [Fact]
    public void Rows_of_every_length_from_1_to_257_at_odd_strides()
    {
        foreach (int size in TriedLengths.Of(1, 257))
        {
            // Rows of odd strides, and columns, which lie apart.
            CheckAll(Make<double>([3, size + 2 + size % 2], 1).Slice(1, 1, size), Make<double>([size], 2), [3, size]);
            CheckAll(Make<float>([3, size + 3], 1).Slice(1, 2, size), Make<float>([size, 5], 2).Slice(1, 1, 3).Transpose(0, 1), [3, size]);
        }
    }

    [Fact]
    public void Destinations_are_views()
    {
        Tensor<float> whole = Samples.Filled<float>([6, 50], 7);
        Tensor<float> part = whole.Slice(1, 5, 37), source = Make<float>([6, 37], 3);
        Elementwise.Copy(source, part);
        Assert.Equal(Samples.Doubles(source), Samples.Doubles(part));
        Assert.All(Samples.Doubles(whole.Slice(1, 0, 5)), value => Assert.Equal(7, value));
        Assert.All(Samples.Doubles(whole.Slice(1, 42, 8)), value => Assert.Equal(7, value));

        var transposed = new Tensor<float>([37, 6]);
        Elementwise.Copy(source, transposed.Transpose(0, 1));
        Assert.Equal(Samples.Doubles(source.Transpose(0, 1)), Samples.Doubles(transposed));
        Elementwise.Copy(source, transposed.Transpose(0, 1), accumulate: true);
        Assert.Equal(Samples.Doubles(source.Transpose(0, 1)).Select(v => 2 * v), Samples.Doubles(transposed));

        Elementwise.Fill(whole.Slice(1, 10, 3), 9);
        Assert.All(Samples.Doubles(whole.Slice(1, 10, 3)), value => Assert.Equal(9, value));
        Assert.Equal(source[0, 4], whole[0, 9]);
        Assert.Equal(source[0, 8], whole[0, 13]);
    }

    [Fact]
    public void A_destination_may_be_an_operand()
    {
        Tensor<double> a = Make<double>([3, 21], 1);
        double[] before = Samples.Doubles(a);
        Elementwise.Add(a, a, a);
        Assert.Equal(before.Select(v => 2 * v), Samples.Doubles(a));
    }

    [Fact]
    public void Overwriting_does_not_read_the_destination()
    {
        Tensor<float> destination = Samples.Filled<float>([35], double.NaN);
        Elementwise.Scale(Make<float>([35], 1), 0, destination);
        Assert.All(Samples.Doubles(destination), value => Assert.Equal(0, value));
    }

    [Fact]
    public void NaN_and_infinity_follow_the_rules_of_arithmetic()
    {
        Tensor<float> a = Tensor<float>.From([float.NaN, float.PositiveInfinity, 1, 0], [4]);
        Tensor<float> b = Tensor<float>.From([1, float.NegativeInfinity, 0, 0], [4]), result = new([4]);
        Elementwise.Add(a, b, result);
        Assert.Equal([float.NaN, float.NaN, 1, 0], result.Span.ToArray());
        Elementwise.Divide(a, b, result);
        Assert.Equal([float.NaN, float.NaN, float.PositiveInfinity, float.NaN], result.Span.ToArray());
    }

    [Fact]
    public void Operands_that_do_not_broadcast_are_refused() =>
        Assert.Throws<ShapeException>(() => Elementwise.Add(new Tensor<float>([3]), new Tensor<float>([4]), new Tensor<float>([4])));

    [Fact]
    public void Tensors_without_elements_are_left_alone()
    {
        Tensor<float> whole = Samples.Filled<float>([3, 2, 5], 7), none = whole.Slice(1, 1, 0);
        Elementwise.Add(new Tensor<float>([3, 0, 5]), new Tensor<float>([5]), none);
        Elementwise.Fill(none, 1f);
        Assert.All(whole.Span.ToArray(), element => Assert.Equal(7, element));
    }

    [Fact]
    public void A_destination_that_repeats_elements_is_refused()
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() =>
            Elementwise.Add(new Tensor<float>([4]), new Tensor<float>([4]), new Tensor<float>([1]).BroadcastTo([4])));
        Assert.StartsWith("Add", error.Message);
    }

    private static Tensor<T> Make<T>(Shape shape, int seed)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        Samples.Random<T>(shape, seed, 0.5, 3);

    // One operation is rounded once, an accumulated one twice.
    private static void CheckAll<T>(Tensor<T> a, Tensor<T> b, Shape shape)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        double[] x = Samples.Doubles(a.BroadcastTo(shape)), y = Samples.Doubles(b.BroadcastTo(shape));
        One(shape, (d, accumulate) => Elementwise.Add(a, b, d, accumulate), i => x[i] + y[i]);
        One(shape, (d, accumulate) => Elementwise.Subtract(a, b, d, accumulate), i => x[i] - y[i]);
        One(shape, (d, accumulate) => Elementwise.Multiply(a, b, d, accumulate), i => x[i] * y[i]);
        One(shape, (d, accumulate) => Elementwise.Divide(a, b, d, accumulate), i => x[i] / y[i]);
        One(shape, (d, accumulate) => Elementwise.Scale(a, T.CreateTruncating(1.5), d, accumulate), i => x[i] * 1.5);
        One(shape, (d, accumulate) => Elementwise.Copy(a, d, accumulate), i => x[i]);

        Tensor<T> mask = Samples.Random<T>(b.Shape, 4);
        foreach (ref T element in mask.Span)
            element = T.Max(element, T.Zero);

        double[] masked = Samples.Doubles(mask.BroadcastTo(shape));
        One(shape, (d, accumulate) => Elementwise.MaskedFill(a, mask, T.CreateTruncating(0.5), d, accumulate), i => masked[i] > 0 ? 0.5 : x[i]);

        var sum = new Tensor<T>(shape);
        Elementwise.AddConstant(a, T.CreateTruncating(1.5), sum);
        Samples.AssertClose([.. x.Select(v => v + 1.5)], sum, 1);

        void One(Shape shape, Action<Tensor<T>, bool> operation, Func<int, double> twin)
        {
            double[] expected = [.. Enumerable.Range(0, x.Length).Select(twin)];
            Tensor<T> destination = Samples.Filled<T>(shape, double.NaN);
            operation(destination, false);
            Samples.AssertClose(expected, destination, 1);
            destination = Samples.Filled<T>(shape, 2);
            operation(destination, true);
            Samples.AssertClose([.. expected.Select(e => e + 2)], destination, 1, i => 2 + Math.Abs(expected[i]));
        }
    }
}
