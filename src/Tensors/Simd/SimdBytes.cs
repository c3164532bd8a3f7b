using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace MiniGpt.Tensors.Simd;

/// <summary>Products of bytes, by the instructions that processors have for them.</summary>
internal static class SimdBytes
{
    /// <summary>Whether bytes above 127 are taken as they are: otherwise products are added in 16 bits, or with a sign.</summary>
    public static bool TakesAllBytes => AvxVnni.IsSupported;

    /// <summary>Adds to each sum the products of the four bytes that lie where it does.</summary>
    /// <param name="sums">Eight sums.</param>
    /// <param name="magnitudes">From 0 to 127; up to 255 where <see cref="TakesAllBytes"/>.</param>
    /// <param name="w">Any bytes with signs.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> AddProductsOfFour(Vector256<int> sums, Vector256<byte> magnitudes, Vector256<sbyte> w)
    {
        if (AvxVnni.IsSupported)
            return AvxVnni.MultiplyWideningAndAdd(sums, magnitudes, w);

        if (Avx2.IsSupported)
        {
            // Two products are at most 2 · 127 · 128 < 2¹⁵ and fit in 16 bits.
            return sums + Avx2.MultiplyAddAdjacent(Avx2.MultiplyAddAdjacent(magnitudes, w), Vector256.Create((short)1));
        }

        if (Dp.IsSupported)
        {
            return Vector256.Create(
                Dp.DotProduct(sums.GetLower(), magnitudes.GetLower().AsSByte(), w.GetLower()),
                Dp.DotProduct(sums.GetUpper(), magnitudes.GetUpper().AsSByte(), w.GetUpper()));
        }

        return AddByShifts(sums, magnitudes, w);
    }

    /// <summary>The same without an instruction for it: each byte is brought to the top of its sum's 32 bits and back down.</summary>
    internal static Vector256<int> AddByShifts(Vector256<int> sums, Vector256<byte> magnitudes, Vector256<sbyte> w)
    {
        for (int shift = 24; shift >= 0; shift -= 8)
            sums += ((magnitudes.AsInt32() << shift) >> 24) * ((w.AsInt32() << shift) >> 24);

        return sums;
    }
}
