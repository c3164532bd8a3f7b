using System.Buffers.Binary;
using MiniGpt.Model.Files;
using MiniGpt.Tensors.Memory;

namespace MiniGpt.Model.Formats;

/// <summary>Reads a safetensors file. Opening it checks the whole header against the length of the file.</summary>
public sealed class SafetensorsReader : TensorSource
{
    /// <summary>The ending of these files.</summary>
    public const string Extension = ".safetensors";

    private readonly MappedFile _file;
    private readonly long _dataStart;

    private SafetensorsReader(string path, MappedFile file, SafetensorsHeader header, long dataStart)
        : base(path, header.Entries)
    {
        _file = file;
        _dataStart = dataStart;
        Metadata = header.Metadata;
    }

    /// <summary>The strings that describe the file.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Opens a file and checks its header.</summary>
    /// <exception cref="FileFormatException">It is no safetensors file, or its header does not fit its length.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static SafetensorsReader Open(string path) => Open(path, Parse);

    /// <inheritdoc/>
    public override void Dispose() => _file.Dispose();

    internal (MappedFile File, long Offset) Place(StoredTensor entry) => (_file, _dataStart + entry.Begin);

    private protected override (MappedFile File, long Offset) Locate(StoredTensor entry) => Place(entry);

    private static SafetensorsReader Parse(string path, MappedFile file)
    {
        if (file.Length < sizeof(ulong))
            throw new FileFormatException(path, $"{file.Length} bytes found, at least the {sizeof(ulong)} of a header's length expected");
        ulong headerLength = BinaryPrimitives.ReadUInt64LittleEndian(file.Bytes(0, sizeof(ulong)));
        ulong longest = (ulong)Math.Min(file.Length - sizeof(ulong), SafetensorsHeader.LongestHeader);
        if (headerLength > longest)
        {
            throw new FileFormatException(path,
                $"a header of {headerLength} bytes found, at most {longest} expected in a file of {file.Length} bytes");
        }

        byte[] json = file.Bytes(sizeof(ulong), (int)headerLength).ToArray();
        long dataStart = sizeof(ulong) + json.Length;
        return new SafetensorsReader(path, file, SafetensorsHeader.Parse(path, json, file.Length - dataStart), dataStart);
    }
}
