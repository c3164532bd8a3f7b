using System.Numerics;
using System.Runtime.InteropServices;

namespace MiniGpt.Tensors.Storage;

/// <summary>
/// GGUF's Q8_0: 32 numbers as one scale d, an IEEE half, and 32 signed bytes q; each number is d·q. Quantising is ggml's: d is the
/// largest magnitude over 127, and q is x over the d that is not yet rounded to a half, to the nearest, halves away from zero.
/// </summary>
/// <remarks>
/// A number comes back within its block's largest magnitude times (1/254 + 1/2048): half a step of q, and the rounding of d. Where d is
/// under 2⁻¹⁴, the smallest normal half, add 127·2⁻²⁵.
/// </remarks>
public static class Q8Block
{
    /// <summary>The numbers of a block.</summary>
    public const int Size = 32;

    /// <summary>The bytes of a block: the scale, then the 32 whole numbers.</summary>
    public const int Bytes = 2 + Size;

    private const float Largest = 127;

    /// <summary>Quantises whole blocks.</summary>
    /// <param name="numbers">A multiple of 32 finite numbers.</param>
    /// <param name="blocks">34 bytes for each 32 numbers.</param>
    /// <exception cref="ArgumentException">
    /// The lengths do not go together, or a number is not finite or too large for a scale that is a half.
    /// </exception>
    public static void Quantize(ReadOnlySpan<float> numbers, Span<byte> blocks)
    {
        CheckLengths(numbers.Length, blocks.Length);
        for (; numbers.Length > 0; numbers = numbers[Size..], blocks = blocks[Bytes..])
        {
            float magnitude = 0;
            foreach (float number in numbers[..Size])
            {
                magnitude = MathF.Max(magnitude, MathF.Abs(number)); // NaN if there is one
            }

            float scale = magnitude / Largest;
            Half stored = (Half)scale;
            if (!Half.IsFinite(stored))
                throw new ArgumentException($"{magnitude} cannot be stored as Q8_0, finite numbers up to {Largest * (float)Half.MaxValue} can");

            float inverse = scale == 0 ? 0 : 1 / scale;
            MemoryMarshal.Write(blocks, stored);
            Span<sbyte> quantized = MemoryMarshal.Cast<byte, sbyte>(blocks[2..Bytes]);
            for (int i = 0; i < Size; i++)
            {
                // 1/scale overflows where the scale is among the smallest numbers there are; the stored scale is 0 then.
                float whole = MathF.Round(numbers[i] * inverse, MidpointRounding.AwayFromZero);
                quantized[i] = (sbyte)Math.Clamp(float.IsNaN(whole) ? 0 : whole, -Largest, Largest);
            }
        }
    }

    /// <summary>Gives the numbers of whole blocks back.</summary>
    /// <param name="blocks">34 bytes for each 32 numbers.</param>
    /// <param name="numbers">A multiple of 32 numbers.</param>
    /// <exception cref="ArgumentException">The lengths do not go together.</exception>
    public static void Dequantize<T>(ReadOnlySpan<byte> blocks, Span<T> numbers)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        CheckLengths(numbers.Length, blocks.Length);
        for (; numbers.Length > 0; numbers = numbers[Size..], blocks = blocks[Bytes..])
        {
            float scale = (float)MemoryMarshal.Read<Half>(blocks);
            ReadOnlySpan<sbyte> quantized = MemoryMarshal.Cast<byte, sbyte>(blocks[2..Bytes]);
            for (int i = 0; i < Size; i++)
                numbers[i] = T.CreateTruncating(scale * quantized[i]);
        }
    }

    private static void CheckLengths(int numbers, int bytes)
    {
        if (numbers % Size != 0 || bytes != numbers / Size * Bytes)
        {
            throw new ArgumentException(
                $"{numbers} numbers and {bytes} bytes do not go together: Q8_0 has {Bytes} bytes for each {Size} numbers");
        }
    }
}
