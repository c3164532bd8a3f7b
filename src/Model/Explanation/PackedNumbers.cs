using System.Runtime.InteropServices;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Storage;

namespace MiniGpt.Model.Explanation;

/// <summary>Many numbers as text that a page can carry: base64 of their little-endian bytes.</summary>
/// <param name="Type">"float32", "q8_0" for <see cref="Q8Block"/>s, or "share8" for bytes that are shares of the largest number of their row.</param>
/// <param name="Shape">The sizes of the axes; [count, T] of lower triangles of T rows.</param>
/// <param name="Data">The numbers.</param>
/// <param name="RowMaxima">With "share8" the largest number of each row, as float32; else null.</param>
public sealed record PackedNumbers(string Type, int[] Shape, string Data, string? RowMaxima = null)
{
    /// <summary>Packs every bit of the numbers.</summary>
    public static PackedNumbers Exact(ReadOnlySpan<float> numbers, params int[] shape) => new("float32", shape, Base64(numbers));

    /// <summary>Packs a matrix whose rows are whole blocks of 32, rounded to 8 bits.</summary>
    public static PackedNumbers Q8(Tensor<float> matrix)
    {
        byte[] blocks = new byte[matrix.Count / Q8Block.Size * Q8Block.Bytes];
        Q8Block.Quantize(matrix.Span, blocks);
        return new PackedNumbers("q8_0", [matrix.Shape[0], matrix.Shape[1]], Convert.ToBase64String(blocks));
    }

    /// <summary>
    /// Packs what is on and below the diagonal of square matrices whose rows sum to one, row after row. Up to
    /// <paramref name="mostExact"/> numbers keep every bit; above that each is rounded to 1/255 of the largest of its row.
    /// </summary>
    /// <param name="matrices">[L, H, T, T] one after the other: for each layer its heads.</param>
    /// <param name="length">T.</param>
    /// <param name="mostExact">How many numbers may keep every bit.</param>
    public static PackedNumbers LowerTriangles(IReadOnlyList<float[]> matrices, int length, int mostExact) =>
        Rows(matrices.SelectMany(matrix => matrix.Chunk(length).Select((row, place) => row[..(place + 1)])), mostExact, matrices.Count, length);

    /// <summary>Packs matrices whose rows sum to one whole, as exactly as <see cref="LowerTriangles"/>.</summary>
    /// <param name="matrices">[L, H, queries, keys] one after the other.</param>
    /// <param name="keys">The length of a row.</param>
    /// <param name="mostExact">How many numbers may keep every bit.</param>
    public static PackedNumbers Shares(IReadOnlyList<float[]> matrices, int keys, int mostExact) =>
        Rows(matrices.SelectMany(matrix => matrix.Chunk(keys)), mostExact, matrices.Count, matrices[0].Length / keys, keys);

    private static PackedNumbers Rows(IEnumerable<float[]> all, int mostExact, params int[] shape)
    {
        float[][] rows = [.. all];
        if (rows.Sum(row => row.Length) <= mostExact)
            return Exact(rows.SelectMany(row => row).ToArray(), shape);
        float[] maxima = [.. rows.Select(row => row.Max())];
        byte[] shares = [.. rows.Zip(maxima).SelectMany(pair => pair.First.Select(number => (byte)MathF.Round(byte.MaxValue * number / pair.Second)))];
        return new PackedNumbers("share8", shape, Convert.ToBase64String(shares), Base64(maxima));
    }

    private static string Base64(ReadOnlySpan<float> numbers)
    {
        if (!BitConverter.IsLittleEndian)
            throw new PlatformNotSupportedException("Numbers are packed on little-endian processors only.");
        return Convert.ToBase64String(MemoryMarshal.AsBytes(numbers));
    }
}
