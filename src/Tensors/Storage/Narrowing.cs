using System.Numerics;
using System.Runtime.InteropServices;

namespace MiniGpt.Tensors.Storage;

/// <summary>Rounds numbers to the type that they are stored as, to the nearest, ties to even; Q8_0 as <see cref="Q8Block"/> says.</summary>
public static class Narrowing
{
    private const int BlocksAtOnce = 64;

    /// <summary>Writes numbers as they are stored.</summary>
    /// <param name="numbers">A whole number of blocks.</param>
    /// <param name="type">F64, F32, F16, BF16 or Q8_0.</param>
    /// <param name="bytes">Room for the stored numbers, to the byte.</param>
    /// <exception cref="ArgumentException">
    /// The lengths do not go together, the type is for indices or flags, or a finite number is too large for the type.
    /// </exception>
    public static void Convert<T>(ReadOnlySpan<T> numbers, StoredType type, Span<byte> bytes)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int block = type.BlockSize();
        if (!type.IsReal() || numbers.Length % block != 0 || bytes.Length != (long)numbers.Length / block * type.BlockBytes())
            throw new ArgumentException($"{numbers.Length} numbers cannot be stored as {type} in {bytes.Length} bytes");

        switch (type)
        {
            case StoredType.F64: Round(numbers, MemoryMarshal.Cast<byte, double>(bytes)); break;
            case StoredType.F32: Round(numbers, MemoryMarshal.Cast<byte, float>(bytes)); break;
            case StoredType.F16: Round(numbers, MemoryMarshal.Cast<byte, Half>(bytes)); break;
            case StoredType.BF16: RoundToBFloat16(numbers, MemoryMarshal.Cast<byte, ushort>(bytes)); break;
            default: Quantize(numbers, bytes); break;
        }
    }

    private static void Round<T, TStored>(ReadOnlySpan<T> numbers, Span<TStored> stored)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TStored : unmanaged, IBinaryFloatingPointIeee754<TStored>
    {
        for (int i = 0; i < numbers.Length; i++)
        {
            TStored rounded = TStored.CreateTruncating(numbers[i]);
            if (TStored.IsInfinity(rounded) && T.IsFinite(numbers[i]))
                ThrowTooLarge(numbers[i], typeof(TStored).Name);

            stored[i] = rounded;
        }
    }

    private static void RoundToBFloat16<T>(ReadOnlySpan<T> numbers, Span<ushort> stored)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int i = 0; i < numbers.Length; i++)
        {
            float number = float.CreateTruncating(numbers[i]);
            uint bits = BitConverter.SingleToUInt32Bits(number);
            uint rounded = float.IsNaN(number) ? bits | 0x400000 : bits + 0x7FFF + (bits >> 16 & 1); // half of the dropped bits, ties to even
            if ((rounded & 0x7F800000) == 0x7F800000 && T.IsFinite(numbers[i]))
                ThrowTooLarge(numbers[i], "BF16");

            stored[i] = (ushort)(rounded >> 16);
        }
    }

    private static void Quantize<T>(ReadOnlySpan<T> numbers, Span<byte> blocks)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Span<float> floats = stackalloc float[BlocksAtOnce * Q8Block.Size];
        while (numbers.Length > 0)
        {
            int count = Math.Min(numbers.Length, floats.Length), bytes = count / Q8Block.Size * Q8Block.Bytes;
            for (int i = 0; i < count; i++)
                floats[i] = float.CreateTruncating(numbers[i]);

            Q8Block.Quantize(floats[..count], blocks[..bytes]);
            numbers = numbers[count..];
            blocks = blocks[bytes..];
        }
    }

    private static void ThrowTooLarge<T>(T number, string type) => throw new ArgumentException($"{number} is too large for {type}");
}
