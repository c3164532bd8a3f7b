using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace MiniGpt.Tensors;

/// <summary>Many blocks of <see cref="Philox"/> at once: each 64 bits of a vector hold one word of another block.</summary>
internal static class PhiloxVectors
{
    // Four, two or one multiplications for eight blocks; the rest is the same at every width.
    private const int Blocks = 8;

    /// <summary>Fills with the blocks of the counters (number, high half of number, z, w), four words each, from number <paramref name="first"/> up.</summary>
    /// <returns>How many words were written: a multiple of 32, which leaves the last ones to the caller; none where there are no vectors.</returns>
    public static unsafe int Fill(Span<uint> destination, ulong first, uint z, uint w, uint keyA, uint keyB)
    {
        if (!Vector128.IsHardwareAccelerated)
            return 0;

        int words = destination.Length / (4 * Blocks) * (4 * Blocks);
        fixed (uint* start = destination)
        {
            // The order in which pairs of lanes come out when they are put side by side below.
            Vector512<ulong> counter = Vector512.Create(first) + Vector512.Create(0UL, 4, 1, 5, 2, 6, 3, 7);
            for (int i = 0; i < words; i += 4 * Blocks)
            {
                Fill(start + i, counter, z, w, keyA, keyB);
                counter += Vector512.Create((ulong)Blocks);
            }
        }
        return words;
    }

    // The upper half of a lane may hold anything until the end: multiplications read the lower one.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe void Fill(uint* destination, Vector512<ulong> counter, ulong counterZ, ulong counterW, uint keyA, uint keyB)
    {
        Vector512<ulong> multiplierA = Vector512.Create((ulong)Philox.MultiplierA), multiplierB = Vector512.Create((ulong)Philox.MultiplierB);
        Vector512<ulong> x = counter, y = counter >>> 32, z = Vector512.Create(counterZ), w = Vector512.Create(counterW);
        for (int round = 0; round < Philox.Rounds; round++)
        {
            Vector512<ulong> a = Multiply(multiplierA, x), b = Multiply(multiplierB, z);
            (x, y, z, w) = ((b >>> 32) ^ y ^ Vector512.Create((ulong)keyA), b, (a >>> 32) ^ w ^ Vector512.Create((ulong)keyB), a);
            keyA += Philox.KeyStepA;
            keyB += Philox.KeyStepB;
        }
        Vector512<ulong> lower = Vector512.Create((ulong)uint.MaxValue);
        Interleave(x & lower | y << 32, z & lower | w << 32, (ulong*)destination);
    }

    /// <summary>The whole products of the lower halves of each 64 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<ulong> Multiply(Vector512<ulong> a, Vector512<ulong> b) =>
        Avx512F.IsSupported
            ? Avx512F.Multiply(a.AsUInt32(), b.AsUInt32())
            : Vector512.Create(Multiply(a.GetLower(), b.GetLower()), Multiply(a.GetUpper(), b.GetUpper()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ulong> Multiply(Vector256<ulong> a, Vector256<ulong> b) =>
        Avx2.IsSupported
            ? Avx2.Multiply(a.AsUInt32(), b.AsUInt32())
            : Vector256.Create(Multiply(a.GetLower(), b.GetLower()), Multiply(a.GetUpper(), b.GetUpper()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> Multiply(Vector128<ulong> a, Vector128<ulong> b) =>
        Sse2.IsSupported ? Sse2.Multiply(a.AsUInt32(), b.AsUInt32())
        : AdvSimd.IsSupported ? AdvSimd.MultiplyWideningLower(AdvSimd.ExtractNarrowingLower(a), AdvSimd.ExtractNarrowingLower(b))
        : (a & Vector128.Create((ulong)uint.MaxValue)) * (b & Vector128.Create((ulong)uint.MaxValue));

    /// <summary>Writes the lower lanes of each 128 bits of a and b side by side, then the upper ones.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe void Interleave(Vector512<ulong> a, Vector512<ulong> b, ulong* destination)
    {
        if (Avx512F.IsSupported)
        {
            Avx512F.UnpackLow(a, b).Store(destination);
            Avx512F.UnpackHigh(a, b).Store(destination + Blocks);
            return;
        }

        Interleave(a.GetLower(), b.GetLower(), destination);
        Interleave(a.GetUpper(), b.GetUpper(), destination + Blocks / 2);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe void Interleave(Vector256<ulong> a, Vector256<ulong> b, ulong* destination)
    {
        if (Avx2.IsSupported)
        {
            Avx2.UnpackLow(a, b).Store(destination);
            Avx2.UnpackHigh(a, b).Store(destination + Blocks);
            return;
        }

        Interleave(a.GetLower(), b.GetLower(), destination);
        Interleave(a.GetUpper(), b.GetUpper(), destination + Blocks / 4);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe void Interleave(Vector128<ulong> a, Vector128<ulong> b, ulong* destination)
    {
        Vector128.Create(a.ToScalar(), b.ToScalar()).Store(destination);
        Vector128.Create(a.GetElement(1), b.GetElement(1)).Store(destination + Blocks);
    }
}
