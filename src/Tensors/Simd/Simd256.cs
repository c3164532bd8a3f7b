using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace MiniGpt.Tensors.Simd;

/// <summary>256 bits: 8 floats or 4 doubles.</summary>
internal struct Simd256<T>(Vector256<T> value) : ISimd<Simd256<T>, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private Vector256<T> _value = value;

    public static int Count => Vector256<T>.Count;

    public static Simd256<T> Zero => new(Vector256<T>.Zero);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> Broadcast(T value) => new(Vector256.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe Simd256<T> Load(T* source) => new(Vector256.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe Simd256<T> Load(T* source, int count)
    {
        if (count == Count)
            return Load(source);

        if (Avx.IsSupported)
        {
            return typeof(T) == typeof(float)
                ? new(Avx.MaskLoad((float*)source, FirstInts(count).AsSingle()).As<float, T>())
                : new(Avx.MaskLoad((double*)source, FirstLongs(count).AsDouble()).As<double, T>());
        }

        Vector256<T> value = default;
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
    public static Simd256<T> operator +(Simd256<T> a, Simd256<T> b) => new(a._value + b._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> operator -(Simd256<T> a, Simd256<T> b) => new(a._value - b._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> operator *(Simd256<T> a, Simd256<T> b) => new(a._value * b._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> operator /(Simd256<T> a, Simd256<T> b) => new(a._value / b._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> MultiplyAdd(Simd256<T> a, Simd256<T> b, Simd256<T> c) =>
        typeof(T) == typeof(float)
            ? new(Vector256.MultiplyAddEstimate(a._value.AsSingle(), b._value.AsSingle(), c._value.AsSingle()).As<float, T>())
            : new(Vector256.MultiplyAddEstimate(a._value.AsDouble(), b._value.AsDouble(), c._value.AsDouble()).As<double, T>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AddProduct(ref Simd256<T> sum, Simd256<T> a, Simd256<T> b)
    {
        if (typeof(T) == typeof(float))
            sum._value = Vector256.MultiplyAddEstimate(a._value.AsSingle(), b._value.AsSingle(), sum._value.AsSingle()).As<float, T>();
        else
            sum._value = Vector256.MultiplyAddEstimate(a._value.AsDouble(), b._value.AsDouble(), sum._value.AsDouble()).As<double, T>();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> Min(Simd256<T> a, Simd256<T> b) => new(Vector256.Min(a._value, b._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> Max(Simd256<T> a, Simd256<T> b) => new(Vector256.Max(a._value, b._value));

    // The order matters: where one operand is NaN, x86 answers with the second one.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> Clamp(Simd256<T> a, Simd256<T> low, Simd256<T> high) =>
        new(Vector256.MinNative(high._value, Vector256.MaxNative(low._value, a._value)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> AtLeast(Simd256<T> a, Simd256<T> low) => new(Vector256.MaxNative(low._value, a._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> Abs(Simd256<T> a) => new(Vector256.Abs(a._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> Sqrt(Simd256<T> a) => new(Vector256.Sqrt(a._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> Log(Simd256<T> a) =>
        typeof(T) == typeof(float)
            ? new(Vector256.Log(a._value.AsSingle()).As<float, T>())
            : new(Vector256.Log(a._value.AsDouble()).As<double, T>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> Round(Simd256<T> a) =>
        typeof(T) == typeof(float)
            ? new(Vector256.Round(a._value.AsSingle()).As<float, T>())
            : new(Vector256.Round(a._value.AsDouble()).As<double, T>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> CopySign(Simd256<T> magnitude, Simd256<T> sign) =>
        new(Vector256.ConditionalSelect(Vector256.Create(-T.Zero), sign._value, magnitude._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> Scale(Simd256<T> a, Simd256<T> n)
    {
        // Two factors, since 2^n itself may not be representable where a · 2^n is.
        Vector256<T> half = Round(n * Broadcast(T.CreateTruncating(0.5)))._value;
        return new(a._value * PowerOfTwo(half) * PowerOfTwo(n._value - half));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> LessThan(Simd256<T> a, Simd256<T> b) => new(Vector256.LessThan(a._value, b._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> Equal(Simd256<T> a, Simd256<T> b) => new(Vector256.Equals(a._value, b._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> MaskOfFirst(int count) =>
        new(typeof(T) == typeof(float) ? FirstInts(count).As<int, T>() : FirstLongs(count).As<long, T>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> Select(Simd256<T> mask, Simd256<T> whenSet, Simd256<T> otherwise) =>
        new(Vector256.ConditionalSelect(mask._value, whenSet._value, otherwise._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe Simd256<T> KeepWhereAtLeast(uint* bits, uint threshold, Simd256<T> a)
    {
        if (typeof(T) == typeof(float))
            return new(a._value & Vector256.GreaterThanOrEqual(Vector256.Load(bits), Vector256.Create(threshold)).As<uint, T>());

        (Vector128<ulong> lower, Vector128<ulong> upper) = Vector128.Widen(Vector128.Load(bits));
        return new(a._value & Vector256.GreaterThanOrEqual(Vector256.Create(lower, upper), Vector256.Create((ulong)threshold)).As<ulong, T>());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T SumAcross(Simd256<T> a) => Vector256.Sum(a._value);

    // Four sums for the price of one and a half: each step halves all four at once.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void AddSums(Simd256<T> a, Simd256<T> b, Simd256<T> c, Simd256<T> d, T* destination)
    {
        if (typeof(T) == typeof(float) && Avx.IsSupported)
        {
            Vector256<float> x = a._value.AsSingle(), y = b._value.AsSingle(), z = c._value.AsSingle(), w = d._value.AsSingle();
            Vector256<double> xy = (Avx.UnpackLow(x, y) + Avx.UnpackHigh(x, y)).AsDouble();
            Vector256<double> zw = (Avx.UnpackLow(z, w) + Avx.UnpackHigh(z, w)).AsDouble();
            Vector256<float> sums = Avx.UnpackLow(xy, zw).AsSingle() + Avx.UnpackHigh(xy, zw).AsSingle();
            Vector128<float> four = sums.GetLower() + sums.GetUpper();
            (Vector128.Load((float*)destination) + four).Store((float*)destination);
            return;
        }

        destination[0] += SumAcross(a);
        destination[1] += SumAcross(b);
        destination[2] += SumAcross(c);
        destination[3] += SumAcross(d);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T MaxAcross(Simd256<T> a) =>
        Simd128<T>.MaxAcross(new(Vector128.Max(a._value.GetLower(), a._value.GetUpper())));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void StoreMaxima(Simd256<T> a, Simd256<T> b, Simd256<T> c, Simd256<T> d, T* destination)
    {
        if (typeof(T) == typeof(float) && Avx.IsSupported)
        {
            Vector256<float> x = a._value.AsSingle(), y = b._value.AsSingle(), z = c._value.AsSingle(), w = d._value.AsSingle();
            Vector256<double> xy = Vector256.MaxNative(Avx.UnpackLow(x, y), Avx.UnpackHigh(x, y)).AsDouble();
            Vector256<double> zw = Vector256.MaxNative(Avx.UnpackLow(z, w), Avx.UnpackHigh(z, w)).AsDouble();
            Vector256<float> max = Vector256.MaxNative(Avx.UnpackLow(xy, zw).AsSingle(), Avx.UnpackHigh(xy, zw).AsSingle());
            Vector128.MaxNative(max.GetLower(), max.GetUpper()).Store((float*)destination);
            return;
        }

        destination[0] = MaxAcross(a);
        destination[1] = MaxAcross(b);
        destination[2] = MaxAcross(c);
        destination[3] = MaxAcross(d);
    }

    // Adding 1.5 · 2^23 (2^52) leaves a small whole number in the low bits of the significand; shifted up, it is an exponent.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<T> PowerOfTwo(Vector256<T> n) =>
        typeof(T) == typeof(float)
            ? Vector256.ShiftLeft((n.AsSingle() + Vector256.Create(12582912f + 127f)).AsInt32(), 23).As<int, T>()
            : Vector256.ShiftLeft((n.AsDouble() + Vector256.Create(6755399441055744.0 + 1023.0)).AsInt64(), 52).As<long, T>();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> FirstInts(int count) => Vector256.LessThan(Vector256<int>.Indices, Vector256.Create(count));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<long> FirstLongs(int count) => Vector256.LessThan(Vector256<long>.Indices, Vector256.Create((long)count));
}
