using MiniGpt.Model.Files;
using MiniGpt.Tensors.Storage;

namespace MiniGpt.Model.Formats;

/// <summary>What a file says of one of its tensors.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">How its numbers are stored.</param>
/// <param name="Shape">Its dimensions, the slowest first. None of them for a single number.</param>
/// <param name="Begin">Where it begins, in bytes from the start of the file's data.</param>
/// <param name="End">Where it ends, in bytes from the start of the file's data.</param>
public sealed record StoredTensor(string Name, StoredType Type, IReadOnlyList<long> Shape, long Begin, long End)
{
    /// <summary>How many bytes it has.</summary>
    public long Bytes => End - Begin;

    /// <summary>How many numbers it has.</summary>
    public long Count => Bytes / Type.BlockBytes() * Type.BlockSize();

    /// <summary>The bytes that numbers of a type and shape have; null where they are more than any file holds.</summary>
    /// <exception cref="ArgumentException">A row is no whole number of blocks.</exception>
    public static long? BytesOf(StoredType type, IReadOnlyList<long> shape)
    {
        Int128 bytes = type.BlockBytes();
        for (int axis = 0; axis < shape.Count; axis++)
        {
            long size = shape[axis];
            if (axis == shape.Count - 1 && type.BlockSize() > 1)
            {
                Require.That(size % type.BlockSize() == 0, $"rows of {size} numbers are stored in blocks of {type.BlockSize()}");
                size /= type.BlockSize();
            }
            bytes *= size;
            if (bytes > long.MaxValue)
                return null;
        }
        return (long)bytes;
    }

    /// <summary>The next multiple of an alignment.</summary>
    internal static long Align(long position, int alignment) => checked(position + alignment - 1) / alignment * alignment;

    /// <summary>
    /// Sorts tensors by where they begin. They must lie end to end, but for the alignment, over the whole of a file's data.
    /// </summary>
    /// <exception cref="FileFormatException">One overlaps another, leaves a hole or ends behind the data, or data is left over.</exception>
    internal static void SortAndCheckCover(string path, List<StoredTensor> tensors, long dataLength, int alignment = 1)
    {
        tensors.Sort((a, b) => (a.Begin, a.End).CompareTo((b.Begin, b.End)));
        long covered = 0, end = 0;
        foreach (StoredTensor tensor in tensors)
        {
            if (tensor.End > dataLength)
            {
                throw new FileFormatException(path,
                    $"tensor '{tensor.Name}' ends at byte {tensor.End} of {Math.Max(0, dataLength)} bytes of data");
            }
            if (tensor.Begin != covered)
            {
                string what = tensor.Begin < covered ? "overlaps the tensor before it" : "leaves a hole before it";
                throw new FileFormatException(path, $"tensor '{tensor.Name}' begins at byte {tensor.Begin} and {what}, {covered} expected");
            }
            end = tensor.End;
            covered = Align(end, alignment);
        }
        if (dataLength > covered)
            throw new FileFormatException(path, $"{dataLength} bytes of data found, the {end} of its tensors expected");
    }

    /// <summary>A shape as messages write it.</summary>
    internal static string Text(IEnumerable<long> shape) => $"[{string.Join(", ", shape)}]";
}
