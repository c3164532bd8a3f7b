using System.Runtime.CompilerServices;

namespace MiniGpt.Tensors.Kernels;

/// <summary>
/// Where the rows of a view begin, in the order of its outer axes. Axes that follow each other in memory count as one, so that rows which are
/// equally far apart, as those of a contiguous tensor, need no division.
/// </summary>
internal readonly unsafe struct RowPointers<T>
    where T : unmanaged
{
    private readonly T* _first;
    private readonly long _stride;
    private readonly int _axes;

    // Merged outer axes, innermost first.
    private readonly AxisValues _sizes;
    private readonly AxisValues _strides;

    /// <summary>The rows of a tensor of rank 1 or more; of the default tensor, null.</summary>
    public RowPointers(in Tensor<T> tensor)
    {
        _first = tensor.Pointer;
        if (tensor.IsEmpty)
            return;

        for (int axis = tensor.Rank - 2; axis >= 0; axis--)
        {
            int size = tensor.Shape[axis], stride = tensor.Stride(axis);
            if (size == 1)
                continue;

            if (_axes > 0 && stride == (long)_strides[_axes - 1] * _sizes[_axes - 1])
            {
                _sizes[_axes - 1] *= size;
                continue;
            }

            _sizes[_axes] = size;
            _strides[_axes++] = stride;
        }

        _stride = _axes == 1 ? _strides[0] : 0;
    }

    /// <summary>Whether there are none, since there is no tensor.</summary>
    public bool IsEmpty => _first is null;

    /// <summary>The first element of a row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T* At(int row) => _axes <= 1 ? _first + row * _stride : Apart(row);

    private T* Apart(int row)
    {
        T* pointer = _first;
        for (int axis = 0; axis < _axes; axis++)
        {
            (row, int position) = Math.DivRem(row, _sizes[axis]);
            pointer += (long)position * _strides[axis];
        }

        return pointer;
    }
}
