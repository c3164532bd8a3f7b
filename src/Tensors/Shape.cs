using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace MiniGpt.Tensors;

/// <summary>The sizes of a tensor's axes, outermost first: <c>[B, T, C]</c>. At most <see cref="MaxRank"/> axes; a scalar has none.</summary>
[CollectionBuilder(typeof(Shape), nameof(Create))]
public readonly struct Shape : IEquatable<Shape>
{
    /// <summary>The largest number of axes.</summary>
    public const int MaxRank = 6;

    private readonly AxisValues _sizes;

    /// <summary>Makes a shape from its sizes, outermost first.</summary>
    /// <exception cref="ArgumentException">There are more than <see cref="MaxRank"/> sizes, or one is negative.</exception>
    public Shape(params ReadOnlySpan<int> sizes)
    {
        if (sizes.Length > MaxRank)
            throw new ArgumentException($"A shape has at most {MaxRank} axes; {sizes.Length} were given.");

        for (int axis = 0; axis < sizes.Length; axis++)
        {
            if (sizes[axis] < 0)
                throw new ArgumentException($"Axis {axis} of a shape has the negative size {sizes[axis]}.");

            _sizes[axis] = sizes[axis];
        }

        Rank = sizes.Length;
    }

    // Sizes that are known to be none negative.
    private Shape(in AxisValues sizes, int rank) => (_sizes, Rank) = (sizes, rank);

    /// <summary>The number of axes.</summary>
    public int Rank { get; }

    /// <summary>The number of elements: the product of the sizes.</summary>
    public long Count
    {
        get
        {
            long count = 1;
            for (int axis = 0; axis < Rank; axis++)
                count = checked(count * _sizes[axis]);

            return count;
        }
    }

    /// <summary>The size of an axis; negative axes count from the end, so that -1 is the innermost.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such axis.</exception>
    public int this[int axis] => _sizes[Axis(axis)];

    /// <summary>Makes a shape from a collection expression.</summary>
    public static Shape Create(ReadOnlySpan<int> sizes) => new(sizes);

    /// <summary>The index of an axis counted from the outermost, for an axis that may be negative (counted from the end).</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such axis.</exception>
    public int Axis(int axis)
    {
        int index = axis < 0 ? axis + Rank : axis;
        if ((uint)index >= (uint)Rank)
            ThrowNoAxis(axis);

        return index;
    }

    /// <summary>This shape with another size for one axis.</summary>
    public Shape With(int axis, int size)
    {
        AxisValues sizes = _sizes;
        sizes[Axis(axis)] = NotNegative(size);
        return new Shape(sizes, Rank);
    }

    /// <summary>This shape without one axis.</summary>
    public Shape Without(int axis)
    {
        AxisValues sizes = default;
        int index = Axis(axis);
        for (int i = 0; i < Rank - 1; i++)
            sizes[i] = _sizes[i < index ? i : i + 1];

        return new Shape(sizes, Rank - 1);
    }

    /// <summary>This shape with one more, outermost, axis.</summary>
    public Shape Prepend(int size)
    {
        Span<int> sizes = stackalloc int[Rank + 1];
        sizes[0] = size;
        CopyTo(sizes[1..]);
        return new Shape(sizes);
    }

    /// <summary>This shape with one more, innermost, axis.</summary>
    public Shape Append(int size)
    {
        if (Rank == MaxRank)
            throw new ArgumentException($"A shape has at most {MaxRank} axes; one more was given to {this}.");

        AxisValues sizes = _sizes;
        sizes[Rank] = NotNegative(size);
        return new Shape(sizes, Rank + 1);
    }

    /// <summary>
    /// The shape of an operation on two shapes, as NumPy has it: aligned at the innermost axis, sizes must be equal or one of them 1.
    /// </summary>
    /// <exception cref="ShapeException">The shapes do not go together.</exception>
    public static Shape Broadcast(Shape a, Shape b, string operation)
    {
        if (a == b)
            return a;

        int rank = Math.Max(a.Rank, b.Rank);
        AxisValues sizes = default;
        for (int i = 1; i <= rank; i++)
        {
            int sizeA = i <= a.Rank ? a[-i] : 1;
            int sizeB = i <= b.Rank ? b[-i] : 1;
            if (sizeA != sizeB && sizeA != 1 && sizeB != 1)
                throw new ShapeException(operation, a, b, "sizes must be equal, or one of them 1, on every axis");

            sizes[rank - i] = sizeA == 1 ? sizeB : sizeA;
        }

        return new Shape(sizes, rank);
    }

    /// <summary>Writes the sizes, outermost first.</summary>
    public void CopyTo(Span<int> destination)
    {
        for (int axis = 0; axis < Rank; axis++)
            destination[axis] = _sizes[axis];
    }

    /// <summary>Walks the sizes, outermost first.</summary>
    public IEnumerator<int> GetEnumerator()
    {
        for (int axis = 0; axis < Rank; axis++)
            yield return _sizes[axis];
    }

    /// <inheritdoc/>
    public bool Equals(Shape other)
    {
        if (Rank != other.Rank)
            return false;

        for (int axis = 0; axis < Rank; axis++)
        {
            if (_sizes[axis] != other._sizes[axis])
                return false;
        }

        return true;
    }

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Shape other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        HashCode hash = default;
        for (int axis = 0; axis < Rank; axis++)
            hash.Add(_sizes[axis]);

        return hash.ToHashCode();
    }

    /// <summary>Whether two shapes have the same sizes.</summary>
    public static bool operator ==(Shape a, Shape b) => a.Equals(b);

    /// <summary>Whether two shapes differ.</summary>
    public static bool operator !=(Shape a, Shape b) => !a.Equals(b);

    private static int NotNegative(int size) => size >= 0 ? size : throw new ArgumentException($"An axis of a shape has the negative size {size}.");

    // Apart, so that the message's making is not inlined into every kernel that looks up a size.
    [DoesNotReturn]
    private void ThrowNoAxis(int axis) => throw new ArgumentOutOfRangeException(nameof(axis), $"{this} has no axis {axis}.");

    /// <summary>The sizes in brackets: <c>[2, 3]</c>.</summary>
    public override string ToString()
    {
        var sizes = new int[Rank];
        CopyTo(sizes);
        return $"[{string.Join(", ", sizes)}]";
    }
}

/// <summary>One number for each axis, held in place: a tensor's sizes or strides need no heap.</summary>
[InlineArray(Shape.MaxRank)]
internal struct AxisValues
{
    private int _first;
}
