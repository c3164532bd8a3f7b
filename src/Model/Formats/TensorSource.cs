using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Runtime.InteropServices;
using MiniGpt.Model.Files;
using MiniGpt.Tensors.Memory;
using MiniGpt.Tensors.Storage;

namespace MiniGpt.Model.Formats;

/// <summary>
/// The tensors of a file, or of several that belong together, mapped into memory: opening reads what the file says of itself and checks
/// it against the file's length; numbers are read when they are asked for. Several threads may read at once.
/// </summary>
public abstract class TensorSource : IDisposable
{
    private readonly Dictionary<string, StoredTensor> _byName;

    private protected TensorSource(string path, IReadOnlyList<StoredTensor> entries)
    {
        Path = path;
        Entries = entries;
        _byName = entries.ToDictionary(entry => entry.Name);
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>The names of the files that are read.</summary>
    internal virtual IEnumerable<string> FileNames => [System.IO.Path.GetFileName(Path)];

    /// <summary>The tensors, in the order of their data.</summary>
    public IReadOnlyList<StoredTensor> Entries { get; }

    /// <summary>Finds a tensor by its name.</summary>
    public bool TryGet(string name, [NotNullWhen(true)] out StoredTensor? entry) => _byName.TryGetValue(name, out entry);

    /// <summary>Reads a tensor of F64, F32, F16, BF16 or Q8_0, each number rounded to the type that is asked for.</summary>
    /// <exception cref="ArgumentException"><paramref name="destination"/> has not the length of the tensor.</exception>
    /// <exception cref="FileFormatException">The tensor has another type.</exception>
    public void Read<T>(StoredTensor entry, Span<T> destination) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        (MappedFile file, long offset) = CheckReal(entry, destination.Length);
        Widening.Read(file, offset, entry.Type, destination);
    }

    /// <summary>Reads a matrix with its axes exchanged.</summary>
    /// <inheritdoc cref="Read"/>
    public void ReadTransposed<T>(StoredTensor entry, Span<T> destination) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Require.That(entry.Shape.Count == 2, $"tensor '{entry.Name}' {StoredTensor.Text(entry.Shape)} is no matrix");
        (MappedFile file, long offset) = CheckReal(entry, destination.Length);
        Widening.ReadTransposed(file, offset, entry.Type, destination, rows: (int)entry.Shape[1]);
    }

    /// <summary>Reads a tensor of I64, I32, U16, U8 or BOOL.</summary>
    /// <exception cref="ArgumentException"><paramref name="destination"/> has not the length of the tensor.</exception>
    /// <exception cref="FileFormatException">The tensor has another type.</exception>
    public void ReadIntegers(StoredTensor entry, Span<long> destination)
    {
        CheckLength(entry, destination.Length);
        if (entry.Type.IsReal())
            throw new FileFormatException(Path, $"tensor '{entry.Name}' has dtype {entry.Type}, whole numbers expected");
        ReadOnlySpan<byte> bytes = Bytes(entry);
        int size = entry.Type.BlockBytes();
        for (int i = 0; i < destination.Length; i++)
        {
            ReadOnlySpan<byte> number = bytes.Slice(i * size, size);
            destination[i] = entry.Type switch
            {
                StoredType.I64 => MemoryMarshal.Read<long>(number),
                StoredType.I32 => MemoryMarshal.Read<int>(number),
                StoredType.U16 => MemoryMarshal.Read<ushort>(number),
                _ => number[0],
            };
        }
    }

    /// <summary>The bytes of a tensor where they lie. They must not be looked at after this was disposed of.</summary>
    /// <exception cref="ArgumentException">The tensor is longer than a span can be.</exception>
    public ReadOnlySpan<byte> Bytes(StoredTensor entry)
    {
        Require.That(entry.Bytes <= int.MaxValue, $"tensor '{entry.Name}' of {entry.Bytes} bytes is longer than a span can be");
        (MappedFile file, long offset) = Locate(entry);
        return file.Bytes(offset, (int)entry.Bytes);
    }

    /// <summary>A matrix of Q8_0 where it lies, to be used before this is disposed of.</summary>
    /// <exception cref="ArgumentException">The tensor is no matrix of Q8_0.</exception>
    public Q8Matrix Blocks(StoredTensor entry)
    {
        Require.That(entry is { Type: StoredType.Q8_0, Shape.Count: 2 } && entry.Count <= int.MaxValue,
            $"tensor '{entry.Name}' is {entry.Type} {StoredTensor.Text(entry.Shape)}, a matrix of Q8_0 expected");
        (MappedFile file, long offset) = Locate(entry);
        return Q8Matrix.In(file, offset, (int)entry.Shape[0], (int)entry.Shape[1]);
    }

    /// <summary>Whether two tensors have the same shape and the same bytes.</summary>
    public bool AreEqual(StoredTensor a, StoredTensor b)
    {
        if (a.Type != b.Type || !a.Shape.SequenceEqual(b.Shape))
            return false;
        (MappedFile fileOfA, long atA) = Locate(a);
        (MappedFile fileOfB, long atB) = Locate(b);
        const int piece = 1 << 20;
        for (long done = 0; done < a.Bytes; done += piece)
        {
            int length = (int)Math.Min(piece, a.Bytes - done);
            if (!fileOfA.Bytes(atA + done, length).SequenceEqual(fileOfB.Bytes(atB + done, length)))
                return false;
        }
        return true;
    }

    /// <summary>Ends the mapping.</summary>
    public abstract void Dispose();

    /// <summary>Maps a file for a reader that takes it over, unless it finds something wrong with it.</summary>
    private protected static TReader Open<TReader>(string path, Func<string, MappedFile, TReader> parse)
    {
        MappedFile file = RegularFile.Map(path);
        try
        {
            return parse(path, file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>The file that a tensor lies in, and where in it.</summary>
    private protected abstract (MappedFile File, long Offset) Locate(StoredTensor entry);

    private (MappedFile File, long Offset) CheckReal(StoredTensor entry, int length)
    {
        CheckLength(entry, length);
        return entry.Type.IsReal()
            ? Locate(entry)
            : throw new FileFormatException(Path, $"tensor '{entry.Name}' has dtype {entry.Type}, F64, F32, F16 or BF16 expected");
    }

    private static void CheckLength(StoredTensor entry, int length) => Require.That(length == entry.Count,
        $"tensor '{entry.Name}' has {entry.Count} numbers, the destination has room for {length}");
}
