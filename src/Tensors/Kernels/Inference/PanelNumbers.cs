using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using MiniGpt.Tensors.Simd;

namespace MiniGpt.Tensors.Kernels;

/// <summary>How the numbers of a <see cref="PanelMatrix{T}"/> are kept. They come back as they were, to the last bit.</summary>
internal unsafe interface IPanelNumbers<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>The bytes of a number.</summary>
    static abstract int Bytes { get; }

    /// <summary>Keeps a number; false where that would change it.</summary>
    static abstract bool TryKeep(T number, byte* destination);

    /// <summary>A number that is kept.</summary>
    static abstract T Read(byte* source);

    /// <summary>As many numbers as a vector has.</summary>
    static abstract V Load<V>(byte* source)
        where V : unmanaged, ISimd<V, T>;
}

/// <summary>Numbers that are kept as they are.</summary>
internal readonly unsafe struct WholeNumbers<T> : IPanelNumbers<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public static int Bytes => sizeof(T);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryKeep(T number, byte* destination)
    {
        *(T*)destination = number;
        return true;
    }

    public static T Read(byte* source) => *(T*)source;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Load<V>(byte* source)
        where V : unmanaged, ISimd<V, T> => V.Load((T*)source);
}

/// <summary>Floats whose lower 16 bits are zero, without these: what a file calls BF16.</summary>
internal readonly unsafe struct UpperHalves<T> : IPanelNumbers<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public static int Bytes => sizeof(ushort);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryKeep(T number, byte* destination)
    {
        float single = float.CreateTruncating(number);
        uint bits = BitConverter.SingleToUInt32Bits(single);
        *(ushort*)destination = (ushort)(bits >> 16);
        return (ushort)bits == 0 && T.CreateTruncating(single) == number;
    }

    public static T Read(byte* source) => T.CreateTruncating(BitConverter.UInt32BitsToSingle((uint)*(ushort*)source << 16));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Load<V>(byte* source)
        where V : unmanaged, ISimd<V, T>
    {
        if (typeof(T) == typeof(float))
        {
            if (V.Count == Vector512<float>.Count)
                return Unsafe.BitCast<Vector512<int>, V>(SignedShorts.Load512(source) << 16);
            if (V.Count == Vector256<float>.Count)
                return Unsafe.BitCast<Vector256<int>, V>(SignedShorts.Load256(source) << 16);
            if (V.Count == Vector128<float>.Count)
                return Unsafe.BitCast<Vector128<int>, V>(SignedShorts.Load128(source) << 16);
        }

        return SignedShorts.OneByOne<T, UpperHalves<T>, V>(source);
    }
}

/// <summary>
/// What a file calls F16, times 1024, so that even the smallest half is kept as a normal one: a float with the bits of a half in place is then
/// a normal float too, which one product brings to its size. Numbers of 64 and beyond cannot be kept: a matrix that has
/// one stays as it is.
/// </summary>
internal readonly unsafe struct ScaledHalves<T> : IPanelNumbers<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const float Scale = 1024;

    // What a float's exponent is above a half's, and what both leave of the fraction.
    private const int Bias = 112;
    private const int FloatFraction = 23;
    private const int Shift = 13;

    public static int Bytes => sizeof(ushort);

    private static float Unscale => BitConverter.Int32BitsToSingle((127 + Bias - 10) << FloatFraction);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryKeep(T number, byte* destination)
    {
        float single = float.CreateTruncating(number);
        uint bits = BitConverter.SingleToUInt32Bits(single * Scale), magnitude = bits & int.MaxValue, moved = magnitude - (Bias << FloatFraction);
        bool isZero = magnitude == 0;
        *(ushort*)destination = (ushort)((bits >> 16 & 0x8000) | (isZero ? 0 : moved >> Shift));
        bool isNormal = moved >= 1u << FloatFraction && moved < 31u << FloatFraction;
        return (isZero || (isNormal && (bits & ((1u << Shift) - 1)) == 0)) && T.CreateTruncating(single) == number;
    }

    public static T Read(byte* source)
    {
        int half = *(short*)source;
        return T.CreateTruncating(BitConverter.Int32BitsToSingle((half << Shift) & Mask) * Unscale);
    }

    // The sign, and a half's exponent and fraction in the places of a float's.
    private static int Mask => int.MinValue | (0x7fff << Shift);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Load<V>(byte* source)
        where V : unmanaged, ISimd<V, T>
    {
        if (typeof(T) == typeof(float))
        {
            V unscale = V.Broadcast(T.CreateTruncating(Unscale));
            if (V.Count == Vector512<float>.Count)
                return Unsafe.BitCast<Vector512<int>, V>((SignedShorts.Load512(source) << Shift) & Vector512.Create(Mask)) * unscale;
            if (V.Count == Vector256<float>.Count)
                return Unsafe.BitCast<Vector256<int>, V>((SignedShorts.Load256(source) << Shift) & Vector256.Create(Mask)) * unscale;
            if (V.Count == Vector128<float>.Count)
                return Unsafe.BitCast<Vector128<int>, V>((SignedShorts.Load128(source) << Shift) & Vector128.Create(Mask)) * unscale;
        }

        return SignedShorts.OneByOne<T, ScaledHalves<T>, V>(source);
    }
}

/// <summary>Vectors of 16-bit numbers, each brought to 32 with its sign.</summary>
internal static unsafe class SignedShorts
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Load512(byte* source) =>
        Avx512F.IsSupported ? Avx512F.ConvertToVector512Int32(Vector256.Load((short*)source)) : Vector512.Create(Load256(source), Load256(source + 16));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Load256(byte* source) =>
        Avx2.IsSupported ? Avx2.ConvertToVector256Int32(Vector128.Load((short*)source)) : Vector256.Create(Load128(source), Load128(source + 8));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Load128(byte* source) => Vector128.WidenLower(Vector128.CreateScalarUnsafe(*(long*)source).AsInt16());

    /// <summary>A vector of numbers where the machine has none for them.</summary>
    public static V OneByOne<T, TNumbers, V>(byte* source)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TNumbers : struct, IPanelNumbers<T>
        where V : unmanaged, ISimd<V, T>
    {
        T* numbers = stackalloc T[V.Count];
        for (int i = 0; i < V.Count; i++)
            numbers[i] = TNumbers.Read(source + i * TNumbers.Bytes);
        return V.Load(numbers);
    }
}
