using System.Numerics;
using MiniGpt.Tensors.Threading;

namespace MiniGpt.Tensors.Kernels;

/// <summary>
/// Arithmetic element by element. Operands may be views with any strides and are broadcast to the destination's shape; the destination
/// may be a view too, and may be one of the operands itself. With <c>accumulate</c> results are added to the destination, otherwise they
/// overwrite it.
/// </summary>
/// <remarks>Rows whose elements are neighbours, or one repeated element, go through vectors; others are gathered one by one.</remarks>
public static class Elementwise
{
    /// <summary>destination = a + b.</summary>
    /// <exception cref="ShapeException">An operand cannot be broadcast to the destination's shape.</exception>
    /// <exception cref="ArgumentException">The destination is a view that repeats elements.</exception>
    public static void Add<T>(Tensor<T> a, Tensor<T> b, Tensor<T> destination, bool accumulate = false)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        Run("Add", a, b, destination, default(AddOperation<T>), accumulate);

    /// <summary>destination = a - b.</summary>
    /// <exception cref="ShapeException">An operand cannot be broadcast to the destination's shape.</exception>
    /// <exception cref="ArgumentException">The destination is a view that repeats elements.</exception>
    public static void Subtract<T>(Tensor<T> a, Tensor<T> b, Tensor<T> destination, bool accumulate = false)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        Run("Subtract", a, b, destination, default(SubtractOperation<T>), accumulate);

    /// <summary>destination = a · b.</summary>
    /// <exception cref="ShapeException">An operand cannot be broadcast to the destination's shape.</exception>
    /// <exception cref="ArgumentException">The destination is a view that repeats elements.</exception>
    public static void Multiply<T>(Tensor<T> a, Tensor<T> b, Tensor<T> destination, bool accumulate = false)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        Run("Multiply", a, b, destination, default(MultiplyOperation<T>), accumulate);

    /// <summary>destination = a / b.</summary>
    /// <exception cref="ShapeException">An operand cannot be broadcast to the destination's shape.</exception>
    /// <exception cref="ArgumentException">The destination is a view that repeats elements.</exception>
    public static void Divide<T>(Tensor<T> a, Tensor<T> b, Tensor<T> destination, bool accumulate = false)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        Run("Divide", a, b, destination, default(DivideOperation<T>), accumulate);

    /// <summary>destination = a · factor.</summary>
    /// <exception cref="ShapeException">a cannot be broadcast to the destination's shape.</exception>
    /// <exception cref="ArgumentException">The destination is a view that repeats elements.</exception>
    public static void Scale<T>(Tensor<T> a, T factor, Tensor<T> destination, bool accumulate = false)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        Run("Scale", a, a, destination, new ScaleOperation<T>(factor), accumulate);

    /// <summary>destination = a + value.</summary>
    /// <exception cref="ShapeException">a cannot be broadcast to the destination's shape.</exception>
    /// <exception cref="ArgumentException">The destination is a view that repeats elements.</exception>
    public static void AddConstant<T>(Tensor<T> a, T value, Tensor<T> destination)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        Run("AddConstant", a, a, destination, new AddConstantOperation<T>(value), accumulate: false);

    /// <summary>destination = source: gathers a view, or scatters into one.</summary>
    /// <exception cref="ShapeException">The source cannot be broadcast to the destination's shape.</exception>
    /// <exception cref="ArgumentException">The destination is a view that repeats elements.</exception>
    public static void Copy<T>(Tensor<T> source, Tensor<T> destination, bool accumulate = false)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        Run("Copy", source, source, destination, default(CopyOperation<T>), accumulate);

    /// <summary>destination = <paramref name="value"/> where the mask is not 0, and the source elsewhere.</summary>
    /// <exception cref="ShapeException">Source or mask cannot be broadcast to the destination's shape.</exception>
    /// <exception cref="ArgumentException">The destination is a view that repeats elements.</exception>
    public static void MaskedFill<T>(Tensor<T> source, Tensor<T> mask, T value, Tensor<T> destination, bool accumulate = false)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        Run("MaskedFill", source, mask, destination, new MaskedFillOperation<T>(value), accumulate);

    /// <summary>Sets every element to one value.</summary>
    /// <exception cref="ArgumentException">The destination is a view that repeats elements.</exception>
    public static void Fill<T>(Tensor<T> destination, T value)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        Run("Fill", destination, destination, destination, new FillOperation<T>(value), accumulate: false);

    private static void Run<T, TOperation>(
        string name, Tensor<T> a, Tensor<T> b, Tensor<T> destination, TOperation operation, bool accumulate)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TOperation : struct, IBinaryOperation<T>
    {
        Check.NotRepeated(name, destination);
        var kernel = new ElementwiseKernel<T, TOperation>(InShapeOf(destination, a), InShapeOf(destination, b), destination, operation, accumulate);
        Workers.Run<T, ElementwiseKernel<T, TOperation>>(ref kernel, kernel.Items, kernel.Grain);
    }

    private static Tensor<T> InShapeOf<T>(in Tensor<T> destination, in Tensor<T> operand)
        where T : unmanaged => operand.Shape == destination.Shape ? operand : operand.BroadcastTo(destination.Shape);
}
