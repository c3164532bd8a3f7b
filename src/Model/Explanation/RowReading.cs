using System.Numerics;
using MiniGpt.Tensors;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace MiniGpt.Model.Explanation;

/// <summary>Numbers of a model in double, whatever its own precision: sums over them are then as exact as they can be.</summary>
internal static class RowReading
{
    /// <summary>One of the rows that lie along the last axis.</summary>
    public static double[] Of<T>(Tensor<T> tensor, int row)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int width = tensor.Shape[-1];
        return Of<T>(tensor.Span.Slice(row * width, width));
    }

    /// <summary>The last of the rows that lie along the last axis.</summary>
    public static double[] Last<T>(Tensor<T> tensor)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Of<T>(tensor.Span[^tensor.Shape[-1]..]);

    /// <summary>All of the numbers.</summary>
    public static double[] Of<T>(ReadOnlySpan<T> numbers)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        double[] row = new double[numbers.Length];
        TensorPrimitives.ConvertChecked(numbers, row.AsSpan());
        return row;
    }
}
