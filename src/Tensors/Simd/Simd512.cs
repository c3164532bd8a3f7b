using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace MiniGpt.Tensors.Simd;

/// <summary>512 bits: 16 floats or 8 doubles.</summary>
internal struct Simd512<T>(Vector512<T> value) : ISimd<Simd512<T>, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private Vector512<T> _value = value;

    public static int Count => Vector512<T>.Count;

    public static Simd512<T> Zero => new(Vector512<T>.Zero);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> Broadcast(T value) => new(Vector512.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe Simd512<T> Load(T* source) => new(Vector512.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe Simd512<T> Load(T* source, int count)
    {
        if (count == Count)
            return Load(source);

        if (Avx512F.IsSupported)
        {
            return typeof(T) == typeof(float)
                ? new(Avx512F.MaskLoad((float*)source, FirstInts(count).AsSingle(), Vector512<float>.Zero).As<float, T>())
                : new(Avx512F.MaskLoad((double*)source, FirstLongs(count).AsDouble(), Vector512<double>.Zero).As<double, T>());
        }

        Vector512<T> value = default;
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

        if (Avx512F.IsSupported)
        {
            if (typeof(T) == typeof(float))
                Avx512F.MaskStore((float*)destination, FirstInts(count).AsSingle(), _value.AsSingle());
            else
                Avx512F.MaskStore((double*)destination, FirstLongs(count).AsDouble(), _value.AsDouble());

            return;
        }

        for (int i = 0; i < count; i++)
            destination[i] = _value.GetElement(i);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public unsafe void StoreStreaming(T* destination) => _value.StoreAlignedNonTemporal(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> operator +(Simd512<T> a, Simd512<T> b) => new(a._value + b._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> operator -(Simd512<T> a, Simd512<T> b) => new(a._value - b._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> operator *(Simd512<T> a, Simd512<T> b) => new(a._value * b._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> operator /(Simd512<T> a, Simd512<T> b) => new(a._value / b._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> MultiplyAdd(Simd512<T> a, Simd512<T> b, Simd512<T> c) =>
        typeof(T) == typeof(float)
            ? new(Vector512.MultiplyAddEstimate(a._value.AsSingle(), b._value.AsSingle(), c._value.AsSingle()).As<float, T>())
            : new(Vector512.MultiplyAddEstimate(a._value.AsDouble(), b._value.AsDouble(), c._value.AsDouble()).As<double, T>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AddProduct(ref Simd512<T> sum, Simd512<T> a, Simd512<T> b)
    {
        if (typeof(T) == typeof(float))
            sum._value = Vector512.MultiplyAddEstimate(a._value.AsSingle(), b._value.AsSingle(), sum._value.AsSingle()).As<float, T>();
        else
            sum._value = Vector512.MultiplyAddEstimate(a._value.AsDouble(), b._value.AsDouble(), sum._value.AsDouble()).As<double, T>();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> Min(Simd512<T> a, Simd512<T> b) => new(Vector512.Min(a._value, b._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> Max(Simd512<T> a, Simd512<T> b) => new(Vector512.Max(a._value, b._value));

    // The order matters: where one operand is NaN, x86 answers with the second one.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> Clamp(Simd512<T> a, Simd512<T> low, Simd512<T> high) =>
        new(Vector512.MinNative(high._value, Vector512.MaxNative(low._value, a._value)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> AtLeast(Simd512<T> a, Simd512<T> low) => new(Vector512.MaxNative(low._value, a._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> Abs(Simd512<T> a) => new(Vector512.Abs(a._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> Sqrt(Simd512<T> a) => new(Vector512.Sqrt(a._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> Log(Simd512<T> a) =>
        typeof(T) == typeof(float)
            ? new(Vector512.Log(a._value.AsSingle()).As<float, T>())
            : new(Vector512.Log(a._value.AsDouble()).As<double, T>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> Round(Simd512<T> a) =>
        typeof(T) == typeof(float)
            ? new(Vector512.Round(a._value.AsSingle()).As<float, T>())
            : new(Vector512.Round(a._value.AsDouble()).As<double, T>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> CopySign(Simd512<T> magnitude, Simd512<T> sign) =>
        new(Vector512.ConditionalSelect(Vector512.Create(-T.Zero), sign._value, magnitude._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> Scale(Simd512<T> a, Simd512<T> n)
    {
        if (Avx512F.IsSupported)
        {
            return typeof(T) == typeof(float)
                ? new(Avx512F.Scale(a._value.AsSingle(), n._value.AsSingle()).As<float, T>())
                : new(Avx512F.Scale(a._value.AsDouble(), n._value.AsDouble()).As<double, T>());
        }

        // Two factors, since 2^n itself may not be representable where a · 2^n is.
        Vector512<T> half = Round(n * Broadcast(T.CreateTruncating(0.5)))._value;
        return new(a._value * PowerOfTwo(half) * PowerOfTwo(n._value - half));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> LessThan(Simd512<T> a, Simd512<T> b) => new(Vector512.LessThan(a._value, b._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> Equal(Simd512<T> a, Simd512<T> b) => new(Vector512.Equals(a._value, b._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> MaskOfFirst(int count) =>
        new(typeof(T) == typeof(float) ? FirstInts(count).As<int, T>() : FirstLongs(count).As<long, T>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> Select(Simd512<T> mask, Simd512<T> whenSet, Simd512<T> otherwise) =>
        new(Vector512.ConditionalSelect(mask._value, whenSet._value, otherwise._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe Simd512<T> KeepWhereAtLeast(uint* bits, uint threshold, Simd512<T> a)
    {
        if (typeof(T) == typeof(float))
            return new(a._value & Vector512.GreaterThanOrEqual(Vector512.Load(bits), Vector512.Create(threshold)).As<uint, T>());

        (Vector256<ulong> lower, Vector256<ulong> upper) = Vector256.Widen(Vector256.Load(bits));
        return new(a._value & Vector512.GreaterThanOrEqual(Vector512.Create(lower, upper), Vector512.Create((ulong)threshold)).As<ulong, T>());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T SumAcross(Simd512<T> a) => Vector512.Sum(a._value);

    // Four sums for the price of one and a half: each step halves all four at once.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void AddSums(Simd512<T> a, Simd512<T> b, Simd512<T> c, Simd512<T> d, T* destination)
    {
        if (typeof(T) == typeof(float) && Avx512F.IsSupported)
        {
            Vector512<float> x = a._value.AsSingle(), y = b._value.AsSingle(), z = c._value.AsSingle(), w = d._value.AsSingle();
            Vector512<double> xy = (Avx512F.UnpackLow(x, y) + Avx512F.UnpackHigh(x, y)).AsDouble();
            Vector512<double> zw = (Avx512F.UnpackLow(z, w) + Avx512F.UnpackHigh(z, w)).AsDouble();
            Vector512<float> sums = Avx512F.UnpackLow(xy, zw).AsSingle() + Avx512F.UnpackHigh(xy, zw).AsSingle();
            Vector256<float> half = sums.GetLower() + sums.GetUpper();
            Vector128<float> four = half.GetLower() + half.GetUpper();
            (Vector128.Load((float*)destination) + four).Store((float*)destination);
            return;
        }

        destination[0] += SumAcross(a);
        destination[1] += SumAcross(b);
        destination[2] += SumAcross(c);
        destination[3] += SumAcross(d);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T MaxAcross(Simd512<T> a) =>
        Simd256<T>.MaxAcross(new(Vector256.Max(a._value.GetLower(), a._value.GetUpper())));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void StoreMaxima(Simd512<T> a, Simd512<T> b, Simd512<T> c, Simd512<T> d, T* destination)
    {
        if (typeof(T) == typeof(float) && Avx512F.IsSupported)
        {
            Vector512<float> x = a._value.AsSingle(), y = b._value.AsSingle(), z = c._value.AsSingle(), w = d._value.AsSingle();
            Vector512<double> xy = Vector512.MaxNative(Avx512F.UnpackLow(x, y), Avx512F.UnpackHigh(x, y)).AsDouble();
            Vector512<double> zw = Vector512.MaxNative(Avx512F.UnpackLow(z, w), Avx512F.UnpackHigh(z, w)).AsDouble();
            Vector512<float> max = Vector512.MaxNative(Avx512F.UnpackLow(xy, zw).AsSingle(), Avx512F.UnpackHigh(xy, zw).AsSingle());
            Vector256<float> half = Vector256.MaxNative(max.GetLower(), max.GetUpper());
            Vector128.MaxNative(half.GetLower(), half.GetUpper()).Store((float*)destination);
            return;
        }

        destination[0] = MaxAcross(a);
        destination[1] = MaxAcross(b);
        destination[2] = MaxAcross(c);
        destination[3] = MaxAcross(d);
    }

    // Adding 1.5 · 2^23 (2^52) leaves a small whole number in the low bits of the significand; shifted up, it is an exponent.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<T> PowerOfTwo(Vector512<T> n) =>
        typeof(T) == typeof(float)
            ? Vector512.ShiftLeft((n.AsSingle() + Vector512.Create(12582912f + 127f)).AsInt32(), 23).As<int, T>()
            : Vector512.ShiftLeft((n.AsDouble() + Vector512.Create(6755399441055744.0 + 1023.0)).AsInt64(), 52).As<long, T>();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> FirstInts(int count) => Vector512.LessThan(Vector512<int>.Indices, Vector512.Create(count));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<long> FirstLongs(int count) => Vector512.LessThan(Vector512<long>.Indices, Vector512.Create((long)count));
}
