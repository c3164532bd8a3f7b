using System.Numerics.Tensors;

namespace MiniGpt.Tensors;

/// <summary>From our tensors to those of System.Numerics.Tensors and back, so that the platform's operations can be used on ours.</summary>
public static unsafe class TensorSpans
{
    /// <summary>The same memory as a span of the platform, strides and all; nothing is copied.</summary>
    /// <remarks>The span must not be used after the tensor's memory was freed or handed out again, as that of a tape is at its reset.</remarks>
    /// <exception cref="ArgumentException">The tensor repeats its elements, as one that was broadcast does.</exception>
    public static TensorSpan<T> AsTensorSpan<T>(this Tensor<T> tensor)
        where T : unmanaged
    {
        Span<nint> lengths = stackalloc nint[tensor.Rank], strides = stackalloc nint[tensor.Rank];
        nint end = tensor.Count > 0 ? 1 : 0;
        for (int axis = 0; axis < tensor.Rank; axis++)
        {
            if (tensor.Shape[axis] > 1 && tensor.Stride(axis) == 0)
                throw new ArgumentException($"AsTensorSpan: {tensor.Shape} repeats its elements along axis {axis}; copy it first.");

            (lengths[axis], strides[axis]) = (tensor.Shape[axis], tensor.Shape[axis] > 1 ? tensor.Stride(axis) : 0);
            end += Math.Max(0, tensor.Shape[axis] - 1) * strides[axis];
        }

        return new TensorSpan<T>(tensor.Pointer, end, lengths, strides);
    }

    /// <summary>The same, to be read only.</summary>
    /// <inheritdoc cref="AsTensorSpan{T}(Tensor{T})"/>
    public static ReadOnlyTensorSpan<T> AsReadOnlyTensorSpan<T>(this Tensor<T> tensor)
        where T : unmanaged => tensor.AsTensorSpan();

    /// <summary>A tensor of ours with a copy of the elements of one of the platform.</summary>
    /// <exception cref="ArgumentException">It has more axes than a <see cref="Shape"/> can have.</exception>
    public static Tensor<T> ToTensor<T>(this in ReadOnlyTensorSpan<T> span)
        where T : unmanaged
    {
        Span<int> sizes = stackalloc int[span.Rank];
        for (int axis = 0; axis < sizes.Length; axis++)
            sizes[axis] = checked((int)span.Lengths[axis]);

        var tensor = new Tensor<T>(new Shape(sizes));
        span.FlattenTo(tensor.Span);
        return tensor;
    }
}
