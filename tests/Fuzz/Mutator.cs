using System.Buffers.Binary;
using System.Text;

namespace MiniGpt.Tests.Fuzz;

/// <summary>
/// Breaks files. The file of a case follows from the seeds, the number of the case and nothing else, so that a failure can be run again.
/// </summary>
internal sealed class Mutator(IReadOnlyList<byte[]> seeds)
{
    private const int MostMutations = 4;

    private static readonly long[] s_numbers =
    [
        0, 1, -1, 2, 3, 7, 31, 33, 127, 128, 255, 256, 65_535, 65_536, int.MaxValue, int.MinValue, uint.MaxValue, 1L << 32, 1L << 40,
        long.MaxValue, long.MinValue, long.MaxValue / 4 + 1,
    ];

    private static readonly string[] s_pieces =
    [
        "0", "-1", "1e999", "2147483648", "9223372036854775807", "18446744073709551616", "null", "true", "[]", "{}", "\"\"", "\\ud800", "\"",
        ",", ":", "[", "]", "{", "}", "\0", "\n", "\uFEFF", "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", "{\"a\":{\"a\":{\"a\":{\"a\":",
        "猫", "..", "/", "\\", "#", " ",
    ];

    /// <summary>The broken file of a case.</summary>
    public byte[] Make(int number)
    {
        Random random = new(number);
        byte[] bytes = [.. seeds[number % seeds.Count]];
        for (int i = random.Next(1, MostMutations + 1); i > 0; i--)
            bytes = Mutate(random, bytes);
        return bytes;
    }

    private byte[] Mutate(Random random, byte[] bytes)
    {
        if (bytes.Length == 0)
            return [.. Some(random, seeds[random.Next(seeds.Count)])];
        int at = Place(random, bytes.Length), end = at + Math.Min(bytes.Length - at, 1 + random.Next(1 << random.Next(8)));
        switch (random.Next(10))
        {
            case 0:
                bytes[at] ^= (byte)(1 << random.Next(8));
                return bytes;
            case 1:
                bytes[at] = (byte)random.Next(256);
                return bytes;
            case 2:
                return bytes[..at];
            case 3:
                return [.. bytes[..at], .. bytes[end..]];
            case 4:
                return [.. bytes[..end], .. bytes[at..]];
            case 5:
                return [.. bytes[..at], .. Some(random, seeds[random.Next(seeds.Count)]), .. bytes[at..]];
            case 6:
                byte[] piece = Encoding.UTF8.GetBytes(s_pieces[random.Next(s_pieces.Length)]);
                return [.. bytes[..at], .. piece, .. bytes[(random.Next(2) == 0 ? at : end)..]];
            case 7:
                return Number(random, bytes, at);
            case 8:
                return Digits(random, bytes, at);
            default:
                return Exchange(bytes, at, end, Place(random, bytes.Length));
        }
    }

    /// <summary>Heads are at the front, where most can go wrong: half of all places are there.</summary>
    private static int Place(Random random, int length) => random.Next(2) == 0 ? random.Next(length) : random.Next(Math.Min(length, 64));

    private static byte[] Some(Random random, byte[] bytes)
    {
        int start = random.Next(bytes.Length), length = random.Next(1, 1 << random.Next(10));
        return bytes[start..Math.Min(bytes.Length, start + length)];
    }

    /// <summary>A number of 4 or 8 bytes that is special, or a little off.</summary>
    private static byte[] Number(Random random, byte[] bytes, int at)
    {
        at &= ~3;
        if (at + sizeof(long) > bytes.Length)
            return bytes;
        Span<byte> place = bytes.AsSpan(at);
        long number = random.Next(3) switch
        {
            0 => s_numbers[random.Next(s_numbers.Length)],
            1 => BinaryPrimitives.ReadInt64LittleEndian(place) + random.Next(-2, 3),
            _ => bytes.Length + random.Next(-64, 65),
        };
        if (random.Next(2) == 0)
            BinaryPrimitives.WriteInt64LittleEndian(place, number);
        else
            BinaryPrimitives.WriteInt32LittleEndian(place, (int)number);
        return bytes;
    }

    /// <summary>Another number in the place of the next one that is written in digits.</summary>
    private static byte[] Digits(Random random, byte[] bytes, int at)
    {
        while (at < bytes.Length && !char.IsAsciiDigit((char)bytes[at]))
            at++;
        int end = at;
        while (end < bytes.Length && char.IsAsciiDigit((char)bytes[end]))
            end++;
        return [.. bytes[..at], .. Encoding.UTF8.GetBytes($"{s_numbers[random.Next(s_numbers.Length)]}"), .. bytes[end..]];
    }

    private static byte[] Exchange(byte[] bytes, int at, int end, int other)
    {
        int length = Math.Min(end - at, bytes.Length - Math.Max(at, other));
        byte[] kept = bytes[at..(at + length)];
        bytes.AsSpan(other, length).CopyTo(bytes.AsSpan(at));
        kept.CopyTo(bytes.AsSpan(other));
        return bytes;
    }
}
