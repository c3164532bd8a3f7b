using System.Runtime.Intrinsics;
using MiniGpt.Tensors.Simd;
using MiniGpt.Tensors.Storage;

namespace MiniGpt.Tensors.Kernels;

/// <summary>
/// 32 numbers of a row that is multiplied with <see cref="QuantizedPanel"/>s, rounded to 8 bits, their magnitudes and signs apart.
/// </summary>
/// <remarks>
/// Instructions for products of bytes want one side without a sign, so that x·w is |x| times w or -w. A sign of all ones, exclusively or'ed
/// with w, gives -w - 1, which needs one instruction and no exception for w = -128; the |x| that are missing then are the same for all w.
/// </remarks>
internal unsafe struct RoundedBlock
{
    /// <summary>From 0 to 127.</summary>
    public fixed byte Magnitudes[Q8Block.Size];

    /// <summary>All ones where a number is negative, else 0.</summary>
    public fixed sbyte Signs[Q8Block.Size];

    /// <summary>The numbers themselves and 128: what two rows at once are multiplied with, see <see cref="QuantizedPanel.MultiplyTwo"/>.</summary>
    public fixed byte Raised[Q8Block.Size];

    /// <summary>The largest magnitude over 127: what the whole numbers are multiplied with.</summary>
    public float Scale;

    /// <summary>The sum of the magnitudes of those that are negative.</summary>
    public int SumOfNegative;

    /// <summary>Rounds 32 numbers.</summary>
    public static void Round(float* numbers, RoundedBlock* block)
    {
        Vector256<float>* x = (Vector256<float>*)numbers;
        Vector256<float> a = x[0], b = x[1], c = x[2], d = x[3];
        Vector256<float> most = Vector256.Max(
            Vector256.Max(Vector256.Abs(a), Vector256.Abs(b)), Vector256.Max(Vector256.Abs(c), Vector256.Abs(d)));
        float largest = Simd256<float>.MaxAcross(new(most));
        Vector256<float> inverse = Vector256.Create(largest > 0 ? 127 / largest : 0);
        Vector256<short> low = Vector256.Narrow(ToWhole(a * inverse), ToWhole(b * inverse));
        Vector256<short> high = Vector256.Narrow(ToWhole(c * inverse), ToWhole(d * inverse));
        Vector256<sbyte> whole = Vector256.Narrow(low, high), signs = Vector256.LessThan(whole, Vector256<sbyte>.Zero);
        Vector256<byte> magnitudes = Vector256.Abs(whole).AsByte();
        magnitudes.Store(block->Magnitudes);
        signs.Store(block->Signs);
        (whole.AsByte() ^ Vector256.Create((byte)128)).Store(block->Raised);
        block->Scale = largest / 127;
        block->SumOfNegative = Vector256.Sum(
            SimdBytes.AddProductsOfFour(Vector256<int>.Zero, magnitudes & signs.AsByte(), Vector256<sbyte>.One));
    }

    private static Vector256<int> ToWhole(Vector256<float> x) => Vector256.ConvertToInt32(Vector256.Round(x));
}
