using System.Numerics;
using System.Runtime.CompilerServices;
using MiniGpt.Tensors.Simd;

namespace MiniGpt.Tensors.Kernels;

#pragma warning disable CS0649 // A tile begins with zeros: its parts are changed where they are, never assigned.

/// <summary>Rows of a tile of C: the sums that the registers hold.</summary>
/// <remarks>
/// They are fields of structs in structs, never elements of an array, since the JIT keeps only fields and locals in registers. Their number is
/// written as a type: <c>ThreeOf&lt;TwoOf&lt;WideRow&gt;&gt;</c> has six rows.
/// </remarks>
internal unsafe interface ITileRows<T, V>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where V : unmanaged, ISimd<V, T>
{
    /// <summary>How many.</summary>
    static abstract int Rows { get; }

    /// <summary>Whether each is two vectors wide, not one.</summary>
    static abstract bool AreWide { get; }

    /// <summary>Adds one element of each row of A times the same step of B.</summary>
    /// <param name="a">The first row of A.</param>
    /// <param name="row">Bytes from one row to the next.</param>
    /// <param name="step">Bytes from a row's beginning to its element.</param>
    /// <param name="left">The first vector of B's columns.</param>
    /// <param name="right">The second one; a row that is one vector wide leaves it out.</param>
    void Add(byte* a, nint row, nint step, V left, V right);

    /// <summary>Writes the sums, or adds them to what is there.</summary>
    /// <param name="c">The first row.</param>
    /// <param name="to">What follows it.</param>
    void Finish(T* c, in Destination<T> to);
}

/// <summary>One row, two vectors wide.</summary>
internal unsafe struct WideRow<T, V> : ITileRows<T, V>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where V : unmanaged, ISimd<V, T>
{
    private V _left;
    private V _right;

    public static int Rows => 1;

    public static bool AreWide => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(byte* a, nint row, nint step, V left, V right)
    {
        V x = V.Broadcast(*(T*)(a + step));
        V.AddProduct(ref _left, x, left);
        V.AddProduct(ref _right, x, right);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Finish(T* c, in Destination<T> to)
    {
        V left = _left, right = _right;
        if (to.Bias is not null)
        {
            left += V.Load(to.Bias);
            right += V.Load(to.Bias + V.Count);
        }

        if (to.Accumulate)
        {
            left += V.Load(c);
            right += V.Load(c + V.Count);
        }

        left.Store(c);
        right.Store(c + V.Count);
    }
}

/// <summary>
/// One row, one vector wide, without a bias: attention's causal mask ends in the middle of a tile as often as not. Only where the registers
/// allow so many rows that their sums keep the multiply-add units busy without a second vector.
/// </summary>
internal unsafe struct NarrowRow<T, V> : ITileRows<T, V>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where V : unmanaged, ISimd<V, T>
{
    private V _sum;

    public static int Rows => 1;

    public static bool AreWide => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(byte* a, nint row, nint step, V left, V right) => V.AddProduct(ref _sum, V.Broadcast(*(T*)(a + step)), left);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Finish(T* c, in Destination<T> to) => (to.Accumulate ? V.Load(c) + _sum : _sum).Store(c);
}

/// <summary>Two times the rows of a part.</summary>
internal unsafe struct TwoOf<T, V, TPart> : ITileRows<T, V>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where V : unmanaged, ISimd<V, T>
    where TPart : struct, ITileRows<T, V>
{
    private TPart _first;
    private TPart _second;

    public static int Rows => 2 * TPart.Rows;

    public static bool AreWide => TPart.AreWide;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(byte* a, nint row, nint step, V left, V right)
    {
        _first.Add(a, row, step, left, right);
        _second.Add(a + TPart.Rows * row, row, step, left, right);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Finish(T* c, in Destination<T> to)
    {
        _first.Finish(c, to);
        _second.Finish(c + TPart.Rows * to.RowStride, to);
    }
}

/// <summary>Three times the rows of a part.</summary>
internal unsafe struct ThreeOf<T, V, TPart> : ITileRows<T, V>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where V : unmanaged, ISimd<V, T>
    where TPart : struct, ITileRows<T, V>
{
    private TPart _first;
    private TPart _second;
    private TPart _third;

    public static int Rows => 3 * TPart.Rows;

    public static bool AreWide => TPart.AreWide;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(byte* a, nint row, nint step, V left, V right)
    {
        _first.Add(a, row, step, left, right);
        _second.Add(a + TPart.Rows * row, row, step, left, right);
        _third.Add(a + 2 * TPart.Rows * row, row, step, left, right);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Finish(T* c, in Destination<T> to)
    {
        _first.Finish(c, to);
        _second.Finish(c + TPart.Rows * to.RowStride, to);
        _third.Finish(c + 2 * TPart.Rows * to.RowStride, to);
    }
}
