using System.Numerics;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;
using Xunit;

namespace MiniGpt.Tests.Tensors;

/// <summary>Tensors of random numbers, their elements as doubles, and comparison with what a plain loop computed.</summary>
public static class Samples
{
    public static Tensor<T> Random<T>(Shape shape, int seed, double low = -2, double high = 2)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var random = new Random(seed);
        var tensor = new Tensor<T>(shape);
        foreach (ref T element in tensor.Span)
            element = T.CreateTruncating(low + (high - low) * random.NextDouble());

        return tensor;
    }

    public static Tensor<int> Integers(Shape shape, int seed, int bound)
    {
        var random = new Random(seed);
        var tensor = new Tensor<int>(shape);
        foreach (ref int element in tensor.Span)
            element = random.Next(bound);

        return tensor;
    }

    public static Tensor<T> Filled<T>(Shape shape, double value)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var tensor = new Tensor<T>(shape);
        tensor.Span.Fill(T.CreateTruncating(value));
        return tensor;
    }

    /// <summary>Any view as a tensor of its own, contiguous.</summary>
    public static Tensor<T> Copy<T>(Tensor<T> view)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var copy = new Tensor<T>(view.Shape);
        Elementwise.Copy(view, copy);
        return copy;
    }

    /// <summary>The elements of any view, in order.</summary>
    public static double[] Doubles<T>(Tensor<T> tensor)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var elements = new double[tensor.Count];
        var index = new int[tensor.Rank];
        for (int i = 0; i < elements.Length; i++)
        {
            elements[i] = double.CreateTruncating(tensor[index]);
            for (int axis = tensor.Rank - 1; axis >= 0 && ++index[axis] == tensor.Shape[axis]; axis--)
                index[axis] = 0;
        }

        return elements;
    }

    public static double Epsilon<T>() => typeof(T) == typeof(float) ? Math.Pow(2, -23) : Math.Pow(2, -52);

    /// <summary>Asserts |actual - expected| ≤ epsilons · epsilon of T · magnitude, element by element; NaN and infinities must be equal.</summary>
    public static void AssertClose<T>(double[] expected, Tensor<T> actual, double epsilons, Func<int, double>? magnitude = null)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        double[] found = Doubles(actual);
        Assert.Equal(expected.Length, found.Length);
        for (int i = 0; i < found.Length; i++)
        {
            double tolerance = epsilons * Epsilon<T>() * (magnitude?.Invoke(i) ?? Math.Abs(expected[i]));
            bool same = double.IsFinite(expected[i]) ? Math.Abs(found[i] - expected[i]) <= tolerance : found[i].Equals(expected[i]);
            Assert.True(same, $"{typeof(T).Name} {actual.Shape}, element {i}: {found[i]:R} instead of {expected[i]:R} ± {tolerance:E1}");
        }
    }
}
