using System.Runtime.InteropServices;
using MiniGpt.Tensors.Memory;

namespace MiniGpt.Tensors;

/// <summary>
/// An array with axes over native memory that may be shared: <see cref="Reshape"/>, <see cref="Transpose"/> and <see cref="Slice"/>
/// give views of the same elements. A small value: copying it copies no elements.
/// </summary>
/// <typeparam name="T">The element: <see cref="float"/> or <see cref="double"/> for arithmetic, <see cref="int"/> for ids, <see cref="byte"/> for masks.</typeparam>
public readonly unsafe struct Tensor<T>
    where T : unmanaged
{
    private readonly AlignedMemory? _memory;
    private readonly T* _pointer;
    private readonly Shape _shape;
    private readonly AxisValues _strides;

    /// <summary>Allocates a tensor of its own memory, filled with zeros.</summary>
    public Tensor(Shape shape)
    {
        _memory = new AlignedMemory(checked(shape.Count * sizeof(T)));
        _pointer = (T*)_memory.Pointer;
        NativeMemory.Clear(_pointer, (nuint)(shape.Count * sizeof(T)));
        _shape = shape;
        _strides = RowMajor(shape);
    }

    internal Tensor(AlignedMemory memory, T* pointer, Shape shape)
        : this(memory, pointer, shape, RowMajor(shape))
    {
    }

    private Tensor(AlignedMemory? memory, T* pointer, Shape shape, AxisValues strides)
    {
        _memory = memory;
        _pointer = pointer;
        _shape = shape;
        _strides = strides;
    }

    /// <summary>The sizes of the axes.</summary>
    public Shape Shape => _shape;

    /// <summary>The number of axes.</summary>
    public int Rank => _shape.Rank;

    /// <summary>The number of elements.</summary>
    public long Count => _shape.Count;

    /// <summary>Whether this is the default value, which has no memory.</summary>
    public bool IsEmpty => _memory is null;

    /// <summary>Whether the elements lie in memory without gaps, innermost axis first.</summary>
    public bool IsContiguous
    {
        get
        {
            long expected = 1;
            for (int axis = Rank - 1; axis >= 0; axis--)
            {
                if (_shape[axis] != 1 && _strides[axis] != expected)
                    return false;

                expected *= _shape[axis];
            }

            return true;
        }
    }

    /// <summary>All elements, in order.</summary>
    /// <exception cref="InvalidOperationException">The tensor is not contiguous.</exception>
    public Span<T> Span => new(RequireContiguous(), checked((int)Count));

    /// <summary>One element.</summary>
    /// <exception cref="ArgumentException">The number of indices is not the rank.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An index is outside of its axis.</exception>
    public ref T this[params ReadOnlySpan<int> indices]
    {
        get
        {
            if (indices.Length != Rank)
                throw new ArgumentException($"{indices.Length} indices were given for {_shape}.");

            T* element = _pointer;
            for (int axis = 0; axis < indices.Length; axis++)
            {
                if ((uint)indices[axis] >= (uint)_shape[axis])
                    throw new ArgumentOutOfRangeException(nameof(indices), $"Index {indices[axis]} is outside of axis {axis} of {_shape}.");

                element += (long)indices[axis] * _strides[axis];
            }

            return ref *element;
        }
    }

    internal T* Pointer => _pointer;

    internal AlignedMemory? Memory => _memory;

    /// <summary>A tensor of its own memory with these elements, in order.</summary>
    /// <exception cref="ArgumentException">There are more or fewer elements than the shape has.</exception>
    public static Tensor<T> From(ReadOnlySpan<T> elements, Shape shape)
    {
        if (elements.Length != shape.Count)
            throw new ArgumentException($"{elements.Length} elements do not fill {shape}.");

        var tensor = new Tensor<T>(shape);
        elements.CopyTo(tensor.Span);
        return tensor;
    }

    /// <summary>The distance in elements between neighbours on an axis; 0 on an axis that was broadcast.</summary>
    public int Stride(int axis) => _strides[_shape.Axis(axis)];

    /// <summary>The same elements under another shape of equal count.</summary>
    /// <exception cref="ShapeException">The counts differ.</exception>
    /// <exception cref="InvalidOperationException">The tensor is not contiguous.</exception>
    public Tensor<T> Reshape(Shape shape)
    {
        if (shape.Count != Count)
            throw new ShapeException("Reshape", _shape, shape, "the numbers of elements must be equal");

        return new Tensor<T>(_memory, RequireContiguous(), shape, RowMajor(shape));
    }

    /// <summary>A view with two axes exchanged.</summary>
    public Tensor<T> Transpose(int axis1, int axis2)
    {
        axis1 = _shape.Axis(axis1);
        axis2 = _shape.Axis(axis2);
        AxisValues strides = _strides;
        (strides[axis1], strides[axis2]) = (strides[axis2], strides[axis1]);
        return new Tensor<T>(_memory, _pointer, _shape.With(axis1, _shape[axis2]).With(axis2, _shape[axis1]), strides);
    }

    /// <summary>A view of <paramref name="length"/> indices of an axis from <paramref name="start"/> on.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the axis.</exception>
    public Tensor<T> Slice(int axis, int start, int length)
    {
        axis = _shape.Axis(axis);
        if (start < 0 || length < 0 || start > _shape[axis] - length)
        {
            throw new ArgumentOutOfRangeException(
                nameof(start), $"Slice: {length} from {start} on are not inside axis {axis} of {_shape}.");
        }

        return new Tensor<T>(_memory, _pointer + (long)start * _strides[axis], _shape.With(axis, length), _strides);
    }

    /// <summary>A view under a larger shape in which axes of size 1, and new outer axes, repeat.</summary>
    /// <exception cref="ShapeException">The shape cannot be reached so.</exception>
    public Tensor<T> BroadcastTo(Shape shape)
    {
        AxisValues strides = default;
        for (int i = 1; i <= shape.Rank; i++)
        {
            int size = i <= Rank ? _shape[-i] : 1;
            if (size != shape[-i] && size != 1)
                throw new ShapeException("Broadcast", _shape, shape, "sizes must be equal, or 1 in the first");

            strides[shape.Rank - i] = size == 1 ? 0 : _strides[Rank - i];
        }

        return shape.Rank >= Rank
            ? new Tensor<T>(_memory, _pointer, shape, strides)
            : throw new ShapeException("Broadcast", _shape, shape, "the second must have at least as many axes");
    }

    internal T* RequireContiguous() =>
        IsContiguous ? _pointer : throw new InvalidOperationException($"A view of shape {_shape} is not contiguous; copy it first.");

    private static AxisValues RowMajor(Shape shape)
    {
        AxisValues strides = default;
        long stride = 1;
        for (int axis = shape.Rank - 1; axis >= 0; axis--)
        {
            strides[axis] = checked((int)stride);
            stride *= shape[axis];
        }

        return strides;
    }
}
