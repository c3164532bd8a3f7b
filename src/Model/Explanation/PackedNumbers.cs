using System.Runtime.InteropServices;

namespace MiniGpt.Model.Explanation;

/// <summary>Many numbers as text that a page can carry: base64 of their little-endian bytes.</summary>
/// <param name="Type">"float32", or "share8" for bytes that are shares of the largest number of their row.</param>
/// <param name="Shape">The sizes of the axes.</param>
/// <param name="Data">The numbers.</param>
/// <param name="RowMaxima">With "share8" the largest number of each row, as float32; else null.</param>
public sealed record PackedNumbers(string Type, int[] Shape, string Data, string? RowMaxima = null)
{
    /// <summary>Packs every bit of the numbers.</summary>
    public static PackedNumbers Exact(ReadOnlySpan<float> numbers, params int[] shape) => new("float32", shape, Base64(numbers));

    /// <summary>
    /// Packs what is on and below the diagonal of square matrices whose rows sum to one, row after row. Up to
    /// <paramref name="mostExact"/> numbers keep every bit; above that each is rounded to 1/255 of the largest of its row.
    /// </summary>
    /// <param name="matrices">[L, H, T, T] one after the other: for each layer its heads.</param>
    /// <param name="length">T.</param>
    /// <param name="mostExact">How many numbers may keep every bit.</param>
    public static PackedNumbers LowerTriangles(IReadOnlyList<float[]> matrices, int length, int mostExact)
    {
        int each = length * (length + 1) / 2;
        float[] packed = new float[matrices.Count * each];
        for (int matrix = 0, to = 0; matrix < matrices.Count; matrix++)
        {
            for (int row = 0; row < length; to += ++row)
                matrices[matrix].AsSpan(row * length, row + 1).CopyTo(packed.AsSpan(to));
        }
        return packed.Length <= mostExact
            ? Exact(packed, matrices.Count, length)
            : Rounded(packed, matrices.Count, length);
    }

    private static PackedNumbers Rounded(ReadOnlySpan<float> triangles, int count, int length)
    {
        byte[] shares = new byte[triangles.Length];
        float[] maxima = new float[count * length];
        for (int row = 0, start = 0; row < maxima.Length; row++)
        {
            int width = row % length + 1;
            ReadOnlySpan<float> numbers = triangles.Slice(start, width);
            foreach (float number in numbers)
                maxima[row] = Math.Max(maxima[row], number);
            for (int i = 0; i < width; i++)
                shares[start + i] = (byte)MathF.Round(byte.MaxValue * numbers[i] / maxima[row]);
            start += width;
        }
        return new PackedNumbers("share8", [count, length], Convert.ToBase64String(shares), Base64(maxima));
    }

    private static string Base64(ReadOnlySpan<float> numbers)
    {
        if (!BitConverter.IsLittleEndian)
            throw new PlatformNotSupportedException("Numbers are packed on little-endian processors only.");
        return Convert.ToBase64String(MemoryMarshal.AsBytes(numbers));
    }
}
