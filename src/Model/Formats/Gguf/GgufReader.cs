using System.Buffers.Binary;
using MiniGpt.Model.Files;
using MiniGpt.Tensors.Memory;
using MiniGpt.Tensors.Storage;

namespace MiniGpt.Model.Formats.Gguf;

/// <summary>
/// Reads a GGUF file, version 2 or 3. Opening it checks everything that its head says against the length of the file. Shapes are given
/// the slowest dimension first, as everywhere here; the file lists them the fastest first.
/// </summary>
/// <remarks>https://github.com/ggml-org/ggml/blob/master/docs/gguf.md</remarks>
internal sealed class GgufReader : TensorSource
{
    public const string AlignmentKey = "general.alignment";
    public const int DefaultAlignment = 32;
    public const int MostDimensions = 4;

    // The least that a key and a tensor take up: the length of a name, a type and a byte; a name, no dimensions, a type, an offset.
    private const int LeastKeyBytes = 13;
    private const int LeastTensorBytes = 24;
    private const int LargestAlignment = 1 << 20;
    private const int MostPadding = 1 << 20;

    private readonly MappedFile _file;
    private readonly long _dataStart;

    private GgufReader(string path, MappedFile file, GgufMetadata metadata, IReadOnlyList<StoredTensor> entries, long dataStart)
        : base(path, entries)
    {
        _file = file;
        _dataStart = dataStart;
        Metadata = metadata;
    }

    /// <summary>What a GGUF file begins with.</summary>
    public static ReadOnlySpan<byte> Magic => "GGUF"u8;

    /// <summary>The keys that describe the file.</summary>
    public GgufMetadata Metadata { get; }

    /// <summary>Opens a file and checks its head.</summary>
    /// <exception cref="FileFormatException">It is no GGUF file, or its head does not fit its length.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static GgufReader Open(string path) => Open(path, Parse);

    /// <summary>Reads the keys of a file and no more: its tensors may be of types that nothing here reads.</summary>
    /// <exception cref="FileFormatException">It is no GGUF file, or its keys do not fit its length.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static T ReadKeys<T>(string path, Func<GgufMetadata, T> read)
    {
        using MappedFile file = RegularFile.Map(path);
        return read(ParseKeys(path, file, new GgufCursor(path, file), out _));
    }

    /// <inheritdoc/>
    public override void Dispose() => _file.Dispose();

    private protected override (MappedFile File, long Offset) Locate(StoredTensor entry) => (_file, _dataStart + entry.Begin);

    private static GgufMetadata ParseKeys(string path, MappedFile file, GgufCursor cursor, out long tensorCount)
    {
        if (file.Length < Magic.Length || !file.Bytes(0, Magic.Length).SequenceEqual(Magic))
            throw cursor.Wrong("the magic number GGUF expected, another beginning found");
        cursor.Skip(Magic.Length, "the magic number");
        uint version = cursor.Number<uint>("the version");
        if (version is not (2 or 3))
        {
            string order = BinaryPrimitives.ReverseEndianness(version) is 2 or 3 ? " of the other byte order" : "";
            throw cursor.Wrong($"GGUF version {version}{order} found, version 3 expected");
        }

        tensorCount = cursor.Count(LeastTensorBytes, "tensors");
        long keyCount = cursor.Count(LeastKeyBytes, "keys");
        return new GgufMetadata(path, file, cursor, keyCount);
    }

    private static GgufReader Parse(string path, MappedFile file)
    {
        GgufCursor cursor = new(path, file);
        GgufMetadata metadata = ParseKeys(path, file, cursor, out long tensorCount);
        int alignment = metadata.OptionalInteger(AlignmentKey) ?? DefaultAlignment;
        if (alignment % 8 != 0 || alignment is 0 or > LargestAlignment)
            throw cursor.Wrong($"{AlignmentKey} is {alignment}, a multiple of 8 up to {LargestAlignment} expected");

        RequireWhole(cursor, metadata);
        List<StoredTensor> entries = [];
        HashSet<string> names = [];
        for (long i = 0; i < tensorCount; i++)
        {
            StoredTensor entry = ParseTensor(cursor, i, alignment);
            if (!names.Add(entry.Name))
                throw cursor.Wrong($"tensor '{entry.Name}' is there twice");
            entries.Add(entry);
        }
        long dataStart = StoredTensor.Align(cursor.Position, alignment);
        StoredTensor.SortAndCheckCover(path, entries, LengthOfData(file, dataStart, entries, alignment), alignment);
        return new GgufReader(path, file, metadata, entries, dataStart);
    }

    /// <summary>The bytes of data in a file, without zeros behind the last tensor that only fill it up.</summary>
    private static long LengthOfData(MappedFile file, long dataStart, List<StoredTensor> entries, int alignment)
    {
        long length = file.Length - dataStart, end = entries.Count == 0 ? 0 : StoredTensor.Align(entries.Max(entry => entry.End), alignment);
        bool isPadded = length > end && length - end <= MostPadding && !file.Bytes(dataStart + end, (int)(length - end)).ContainsAnyExcept((byte)0);
        return isPadded ? end : length;
    }

    /// <summary>One of several files: each alone is no model.</summary>
    private static void RequireWhole(GgufCursor cursor, GgufMetadata metadata)
    {
        if (metadata.OptionalInteger("split.count") is int count and > 1)
        {
            int part = (metadata.OptionalInteger("split.no") ?? 0) + 1;
            throw cursor.Wrong($"part {part} of {count} of a split file found, a whole one expected: llama.cpp's llama-gguf-split merges them");
        }
    }

    private static StoredTensor ParseTensor(GgufCursor cursor, long index, int alignment)
    {
        string name = cursor.Text($"the name of tensor {index}");
        uint rank = cursor.Number<uint>($"the dimensions of tensor '{name}'");
        if (rank > MostDimensions)
            throw cursor.Wrong($"tensor '{name}' has {rank} dimensions, at most {MostDimensions} expected");
        long[] shape = new long[rank];
        for (uint axis = rank; axis-- > 0;)
        {
            ulong size = cursor.Number<ulong>($"the dimensions of tensor '{name}'");
            shape[axis] = size <= long.MaxValue
                ? (long)size
                : throw cursor.Wrong($"tensor '{name}' has a dimension of {size}, more than any file holds");
        }
        uint number = cursor.Number<uint>($"the type of tensor '{name}'");
        StoredType type = GgufTypes.OfTensor(number)
            ?? throw cursor.Wrong($"tensor '{name}' has the type {GgufTypes.NameOf(number)}, {GgufTypes.Readable} can be read");
        if (shape.Length > 0 && shape[^1] % type.BlockSize() != 0 || shape.Length == 0 && type.BlockSize() > 1)
            throw cursor.Wrong($"tensor '{name}' {StoredTensor.Text(shape)} is {type}, whose rows are multiples of {type.BlockSize()}");
        long bytes = StoredTensor.BytesOf(type, shape)
            ?? throw cursor.Wrong($"tensor '{name}' has shape {StoredTensor.Text(shape)}, more than any file holds");
        ulong offset = cursor.Number<ulong>($"the offset of tensor '{name}'");
        return offset % (ulong)alignment == 0 && offset <= (ulong)(long.MaxValue - bytes)
            ? new StoredTensor(name, type, shape, (long)offset, (long)offset + bytes)
            : throw cursor.Wrong($"tensor '{name}' begins at byte {offset}, a multiple of {alignment} in the file expected");
    }
}
