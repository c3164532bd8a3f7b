using System.Numerics;
using System.Runtime.CompilerServices;

namespace MiniGpt.Tensors.Simd;

/// <summary>One element: where the machine has no vectors, and the last word on what the wider forms must give.</summary>
internal readonly struct SimdScalar<T>(T value) : ISimd<SimdScalar<T>, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly T _value = value;

    public static int Count => 1;

    public static SimdScalar<T> Zero => default;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar<T> Broadcast(T value) => new(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe SimdScalar<T> Load(T* source) => new(*source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe SimdScalar<T> Load(T* source, int count) => new(*source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public unsafe void Store(T* destination) => *destination = _value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public unsafe void Store(T* destination, int count) => *destination = _value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public unsafe void StoreStreaming(T* destination) => *destination = _value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar<T> operator +(SimdScalar<T> a, SimdScalar<T> b) => new(a._value + b._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar<T> operator -(SimdScalar<T> a, SimdScalar<T> b) => new(a._value - b._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar<T> operator *(SimdScalar<T> a, SimdScalar<T> b) => new(a._value * b._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar<T> operator /(SimdScalar<T> a, SimdScalar<T> b) => new(a._value / b._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar<T> MultiplyAdd(SimdScalar<T> a, SimdScalar<T> b, SimdScalar<T> c) =>
        new(T.MultiplyAddEstimate(a._value, b._value, c._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AddProduct(ref SimdScalar<T> sum, SimdScalar<T> a, SimdScalar<T> b) => sum = MultiplyAdd(a, b, sum);

    public static SimdScalar<T> Min(SimdScalar<T> a, SimdScalar<T> b) => new(T.Min(a._value, b._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar<T> Max(SimdScalar<T> a, SimdScalar<T> b) => new(T.Max(a._value, b._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar<T> Clamp(SimdScalar<T> a, SimdScalar<T> low, SimdScalar<T> high) =>
        a._value < low._value ? low : a._value > high._value ? high : a;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar<T> AtLeast(SimdScalar<T> a, SimdScalar<T> low) => a._value < low._value ? low : a;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar<T> Abs(SimdScalar<T> a) => new(T.Abs(a._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar<T> Sqrt(SimdScalar<T> a) => new(T.Sqrt(a._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar<T> Log(SimdScalar<T> a) => new(T.Log(a._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar<T> Round(SimdScalar<T> a) => new(T.Round(a._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar<T> CopySign(SimdScalar<T> magnitude, SimdScalar<T> sign) =>
        new(T.CopySign(magnitude._value, sign._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar<T> Scale(SimdScalar<T> a, SimdScalar<T> n) =>
        T.IsNaN(n._value) ? n : new(T.ScaleB(a._value, int.CreateTruncating(n._value)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar<T> LessThan(SimdScalar<T> a, SimdScalar<T> b) => Mask(a._value < b._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar<T> Equal(SimdScalar<T> a, SimdScalar<T> b) => Mask(a._value == b._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar<T> MaskOfFirst(int count) => Mask(count > 0);

    // A set mask has all its bits set, which as a number is a NaN; an unset one is zero.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar<T> Select(SimdScalar<T> mask, SimdScalar<T> whenSet, SimdScalar<T> otherwise) =>
        T.IsNaN(mask._value) ? whenSet : otherwise;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe SimdScalar<T> KeepWhereAtLeast(uint* bits, uint threshold, SimdScalar<T> a) => *bits >= threshold ? a : default;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T SumAcross(SimdScalar<T> a) => a._value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void AddSums(SimdScalar<T> a, SimdScalar<T> b, SimdScalar<T> c, SimdScalar<T> d, T* destination)
    {
        destination[0] += SumAcross(a);
        destination[1] += SumAcross(b);
        destination[2] += SumAcross(c);
        destination[3] += SumAcross(d);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T MaxAcross(SimdScalar<T> a) => a._value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void StoreMaxima(SimdScalar<T> a, SimdScalar<T> b, SimdScalar<T> c, SimdScalar<T> d, T* destination)
    {
        destination[0] = MaxAcross(a);
        destination[1] = MaxAcross(b);
        destination[2] = MaxAcross(c);
        destination[3] = MaxAcross(d);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static SimdScalar<T> Mask(bool set) => new(set ? T.NaN : T.Zero);
}
