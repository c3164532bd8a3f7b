using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace MiniGpt.Tensors.Simd;

/// <summary>128 bits: 4 floats or 2 doubles.</summary>
internal struct Simd128<T>(Vector128<T> value) : ISimd<Simd128<T>, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private Vector128<T> _value = value;

    public static int Count => Vector128<T>.Count;

    public static Simd128<T> Zero => new(Vector128<T>.Zero);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> Broadcast(T value) => new(Vector128.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe Simd128<T> Load(T* source) => new(Vector128.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe Simd128<T> Load(T* source, int count)
    {
        if (count == Count)
            return Load(source);

        if (Avx.IsSupported)
        {
            return typeof(T) == typeof(float)
                ? new(Avx.MaskLoad((float*)source, FirstInts(count).AsSingle()).As<float, T>())
                : new(Avx.MaskLoad((double*)source, FirstLongs(count).AsDouble()).As<double, T>());
        }

        Vector128<T> value = default;
        for (int i = 0; i < count; i++)
            value = value.WithElement(i, source[i]);

        return new(value);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public unsafe void Store(T* destination) => _value.Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public unsafe void Store(T* destination, int count)
    {
        if (count == Count)
        {
            Store(destination);
            return;
        }

        if (Avx.IsSupported)
        {
            if (typeof(T) == typeof(float))
                Avx.MaskStore((float*)destination, FirstInts(count).AsSingle(), _value.AsSingle());
            else
                Avx.MaskStore((double*)destination, FirstLongs(count).AsDouble(), _value.AsDouble());

            return;
        }

        for (int i = 0; i < count; i++)
            destination[i] = _value.GetElement(i);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public unsafe void StoreStreaming(T* destination) => _value.StoreAlignedNonTemporal(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> operator +(Simd128<T> a, Simd128<T> b) => new(a._value + b._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> operator -(Simd128<T> a, Simd128<T> b) => new(a._value - b._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> operator *(Simd128<T> a, Simd128<T> b) => new(a._value * b._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> operator /(Simd128<T> a, Simd128<T> b) => new(a._value / b._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> MultiplyAdd(Simd128<T> a, Simd128<T> b, Simd128<T> c) =>
        typeof(T) == typeof(float)
            ? new(Vector128.MultiplyAddEstimate(a._value.AsSingle(), b._value.AsSingle(), c._value.AsSingle()).As<float, T>())
            : new(Vector128.MultiplyAddEstimate(a._value.AsDouble(), b._value.AsDouble(), c._value.AsDouble()).As<double, T>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AddProduct(ref Simd128<T> sum, Simd128<T> a, Simd128<T> b)
    {
        if (typeof(T) == typeof(float))
            sum._value = Vector128.MultiplyAddEstimate(a._value.AsSingle(), b._value.AsSingle(), sum._value.AsSingle()).As<float, T>();
        else
            sum._value = Vector128.MultiplyAddEstimate(a._value.AsDouble(), b._value.AsDouble(), sum._value.AsDouble()).As<double, T>();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> Min(Simd128<T> a, Simd128<T> b) => new(Vector128.Min(a._value, b._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> Max(Simd128<T> a, Simd128<T> b) => new(Vector128.Max(a._value, b._value));

    // The order matters: where one operand is NaN, x86 answers with the second one.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> Clamp(Simd128<T> a, Simd128<T> low, Simd128<T> high) =>
        new(Vector128.MinNative(high._value, Vector128.MaxNative(low._value, a._value)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> AtLeast(Simd128<T> a, Simd128<T> low) => new(Vector128.MaxNative(low._value, a._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> Abs(Simd128<T> a) => new(Vector128.Abs(a._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> Sqrt(Simd128<T> a) => new(Vector128.Sqrt(a._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> Log(Simd128<T> a) =>
        typeof(T) == typeof(float)
            ? new(Vector128.Log(a._value.AsSingle()).As<float, T>())
            : new(Vector128.Log(a._value.AsDouble()).As<double, T>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> Round(Simd128<T> a) =>
        typeof(T) == typeof(float)
            ? new(Vector128.Round(a._value.AsSingle()).As<float, T>())
            : new(Vector128.Round(a._value.AsDouble()).As<double, T>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> CopySign(Simd128<T> magnitude, Simd128<T> sign) =>
        new(Vector128.ConditionalSelect(Vector128.Create(-T.Zero), sign._value, magnitude._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> Scale(Simd128<T> a, Simd128<T> n)
    {
        // Two factors, since 2^n itself may not be representable where a · 2^n is.
        Vector128<T> half = Round(n * Broadcast(T.CreateTruncating(0.5)))._value;
        return new(a._value * PowerOfTwo(half) * PowerOfTwo(n._value - half));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> LessThan(Simd128<T> a, Simd128<T> b) => new(Vector128.LessThan(a._value, b._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> Equal(Simd128<T> a, Simd128<T> b) => new(Vector128.Equals(a._value, b._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> MaskOfFirst(int count) =>
        new(typeof(T) == typeof(float) ? FirstInts(count).As<int, T>() : FirstLongs(count).As<long, T>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> Select(Simd128<T> mask, Simd128<T> whenSet, Simd128<T> otherwise) =>
        new(Vector128.ConditionalSelect(mask._value, whenSet._value, otherwise._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe Simd128<T> KeepWhereAtLeast(uint* bits, uint threshold, Simd128<T> a) =>
        typeof(T) == typeof(float)
            ? new(a._value & Vector128.GreaterThanOrEqual(Vector128.Load(bits), Vector128.Create(threshold)).As<uint, T>())
            : new(a._value & Vector128.GreaterThanOrEqual(Vector128.Create(bits[0], (ulong)bits[1]), Vector128.Create((ulong)threshold)).As<ulong, T>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T SumAcross(Simd128<T> a) => Vector128.Sum(a._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void AddSums(Simd128<T> a, Simd128<T> b, Simd128<T> c, Simd128<T> d, T* destination)
    {
        destination[0] += SumAcross(a);
        destination[1] += SumAcross(b);
        destination[2] += SumAcross(c);
        destination[3] += SumAcross(d);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T MaxAcross(Simd128<T> a)
    {
        Vector128<T> max = a._value;
        if (typeof(T) == typeof(float))
            max = Vector128.Max(max, Vector128.Shuffle(max.AsInt32(), Vector128.Create(2, 3, 0, 1)).As<int, T>());

        return T.Max(max.GetElement(0), max.GetElement(1));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void StoreMaxima(Simd128<T> a, Simd128<T> b, Simd128<T> c, Simd128<T> d, T* destination)
    {
        destination[0] = MaxAcross(a);
        destination[1] = MaxAcross(b);
        destination[2] = MaxAcross(c);
        destination[3] = MaxAcross(d);
    }

    // Adding 1.5 · 2^23 (2^52) leaves a small whole number in the low bits of the significand; shifted up, it is an exponent.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<T> PowerOfTwo(Vector128<T> n) =>
        typeof(T) == typeof(float)
            ? Vector128.ShiftLeft((n.AsSingle() + Vector128.Create(12582912f + 127f)).AsInt32(), 23).As<int, T>()
            : Vector128.ShiftLeft((n.AsDouble() + Vector128.Create(6755399441055744.0 + 1023.0)).AsInt64(), 52).As<long, T>();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> FirstInts(int count) => Vector128.LessThan(Vector128<int>.Indices, Vector128.Create(count));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<long> FirstLongs(int count) => Vector128.LessThan(Vector128<long>.Indices, Vector128.Create((long)count));
}
