using System.Numerics;
using MiniGpt.Tensors.Simd;

namespace MiniGpt.Tensors.Kernels;

/// <summary>
/// The loop of every element-wise operation, over three views of one shape. Axes that follow each other in memory in all three views are
/// walked as one, so that contiguous tensors are a single long row.
/// </summary>
internal unsafe struct ElementwiseKernel<T, TOperation> : IRangeKernel<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TOperation : struct, IBinaryOperation<T>
{
    private readonly Tensor<T> _a;
    private readonly Tensor<T> _b;
    private readonly Tensor<T> _destination;
    private readonly TOperation _operation;
    private readonly bool _accumulate;

    // The outer axes, innermost first, and the row inside of them.
    private AxisValues _sizes;
    private AxisValues _stridesA;
    private AxisValues _stridesB;
    private AxisValues _strides;
    private readonly int _rank;
    private readonly int _pieces; // of a row

    public ElementwiseKernel(Tensor<T> a, Tensor<T> b, Tensor<T> destination, TOperation operation, bool accumulate)
    {
        (_a, _b, _destination, _operation, _accumulate) = (a, b, destination, operation, accumulate);
        Shape shape = destination.Shape;
        _sizes[0] = 1;
        if (a.IsContiguous && b.IsContiguous && destination.IsContiguous && shape.Count is > 0 and <= int.MaxValue)
        {
            (_sizes[0], _stridesA[0], _stridesB[0], _strides[0], _rank) = ((int)shape.Count, 1, 1, 1, 1);
            shape = [];
        }

        for (int axis = shape.Rank - 1; axis >= 0; axis--)
        {
            int size = shape[axis];
            if (size == 1)
                continue;

            int last = _rank - 1;
            if (_rank > 0
                && a.Stride(axis) == (long)_stridesA[last] * _sizes[last]
                && b.Stride(axis) == (long)_stridesB[last] * _sizes[last]
                && destination.Stride(axis) == (long)_strides[last] * _sizes[last])
            {
                _sizes[last] *= size;
                continue;
            }

            _sizes[_rank] = size;
            _stridesA[_rank] = a.Stride(axis);
            _stridesB[_rank] = b.Stride(axis);
            _strides[_rank] = destination.Stride(axis);
            _rank++;
        }

        _pieces = Chunks.Covering(_sizes[0]);
        Items = destination.Count == 0 ? 0 : checked((int)(destination.Count / _sizes[0] * _pieces));
        Grain = Chunks.Rows(Math.Min(_sizes[0], Chunks.Elements));
    }

    /// <summary>Rows, or pieces of rows that are longer than a chunk.</summary>
    public int Items { get; }

    /// <summary>Items in a chunk.</summary>
    public int Grain { get; }

    public void Run<V>(int start, int end)
        where V : unmanaged, ISimd<V, T>
    {
        if (start == end)
            return;

        (int row, int piece) = Math.DivRem(start, _pieces);
        AxisValues position = default;
        for (int axis = 1; axis < _rank; axis++)
            (row, position[axis]) = Math.DivRem(row, _sizes[axis]);

        for (int item = start; item < end; item++)
        {
            long offsetA = 0, offsetB = 0, offset = 0;
            for (int axis = 1; axis < _rank; axis++)
            {
                offsetA += (long)position[axis] * _stridesA[axis];
                offsetB += (long)position[axis] * _stridesB[axis];
                offset += (long)position[axis] * _strides[axis];
            }

            int first = piece * Chunks.Elements;
            int count = Math.Min(Chunks.Elements, _sizes[0] - first);
            Row<V>(
                _a.Pointer + offsetA + (long)first * _stridesA[0],
                _b.Pointer + offsetB + (long)first * _stridesB[0],
                _destination.Pointer + offset + (long)first * _strides[0],
                count);
            if (++piece == _pieces)
            {
                piece = 0;
                for (int axis = 1; axis < _rank && ++position[axis] == _sizes[axis]; axis++)
                    position[axis] = 0;
            }
        }
    }

    private readonly void Row<V>(T* a, T* b, T* destination, int count)
        where V : unmanaged, ISimd<V, T>
    {
        if ((uint)_stridesA[0] <= 1 && (uint)_stridesB[0] <= 1 && (_strides[0] == 1 || count == 1))
        {
            Vectors<V>(a, b, destination, count);
            return;
        }

        for (int i = 0; i < count; i++, a += _stridesA[0], b += _stridesB[0], destination += _strides[0])
        {
            SimdScalar<T> result = _operation.Apply(SimdScalar<T>.Load(a), SimdScalar<T>.Load(b));
            (_accumulate ? SimdScalar<T>.Load(destination) + result : result).Store(destination);
        }
    }

    private readonly void Vectors<V>(T* a, T* b, T* destination, int count)
        where V : unmanaged, ISimd<V, T>
    {
        bool repeatA = _stridesA[0] == 0, repeatB = _stridesB[0] == 0;
        V everyA = V.Broadcast(*a), everyB = V.Broadcast(*b);
        int i = 0;
        for (; i <= count - V.Count; i += V.Count)
        {
            V result = _operation.Apply(repeatA ? everyA : V.Load(a + i), repeatB ? everyB : V.Load(b + i));
            (_accumulate ? V.Load(destination + i) + result : result).Store(destination + i);
        }

        if (i < count)
        {
            int rest = count - i;
            V result = _operation.Apply(repeatA ? everyA : V.Load(a + i, rest), repeatB ? everyB : V.Load(b + i, rest));
            (_accumulate ? V.Load(destination + i, rest) + result : result).Store(destination + i, rest);
        }
    }
}
