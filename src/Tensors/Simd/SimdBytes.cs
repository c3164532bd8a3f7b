using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace MiniGpt.Tensors.Simd;

/// <summary>Products of bytes with signs, by the instructions that processors have for them.</summary>
internal static class SimdBytes
{
    /// <summary>
    /// The products in eight sums of four each; which four share a sum depends on the processor. None of the bytes of <paramref name="x"/> is -128.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> SumsOfFour(Vector256<sbyte> x, Vector256<sbyte> w)
    {
        if (Avx2.IsSupported)
        {
            // |w| gives its sign to x, since the instructions want one side unsigned. Two products are at most 2 · 128 · 127 < 2¹⁵.
            Vector256<byte> magnitude = Avx2.Abs(w);
            Vector256<sbyte> signed = Avx2.Sign(x, w);
            return AvxVnni.IsSupported
                ? AvxVnni.MultiplyWideningAndAdd(Vector256<int>.Zero, magnitude, signed)
                : Avx2.MultiplyAddAdjacent(Avx2.MultiplyAddAdjacent(magnitude, signed), Vector256.Create((short)1));
        }

        if (Dp.IsSupported)
        {
            return Vector256.Create(
                Dp.DotProduct(Vector128<int>.Zero, x.GetLower(), w.GetLower()),
                Dp.DotProduct(Vector128<int>.Zero, x.GetUpper(), w.GetUpper()));
        }

        return SumsOfEveryEighth(x, w);
    }

    /// <summary>The same without an instruction for it: every eighth product shares a sum.</summary>
    internal static Vector256<int> SumsOfEveryEighth(Vector256<sbyte> x, Vector256<sbyte> w)
    {
        (Vector256<short> xLow, Vector256<short> xHigh) = Vector256.Widen(x);
        (Vector256<short> wLow, Vector256<short> wHigh) = Vector256.Widen(w);
        (Vector256<int> low0, Vector256<int> low1) = Vector256.Widen(xLow * wLow);
        (Vector256<int> high0, Vector256<int> high1) = Vector256.Widen(xHigh * wHigh);
        return low0 + low1 + (high0 + high1);
    }
}
