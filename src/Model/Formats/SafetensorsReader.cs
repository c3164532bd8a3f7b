using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace MiniGpt.Model.Formats;

/// <summary>
/// Reads a safetensors file. Opening it checks the whole header against the length of the file; the numbers of a tensor are read
/// when they are asked for, in pieces, straight to where they are wanted. Several threads may read at once.
/// </summary>
public sealed class SafetensorsReader : IDisposable
{
    private const int ChunkBytes = 1 << 16;

    private readonly SafeFileHandle _file;
    private readonly long _dataStart;
    private readonly Dictionary<string, SafetensorsEntry> _byName;

    private SafetensorsReader(string path, SafeFileHandle file, SafetensorsHeader header, long dataStart)
    {
        Path = path;
        _file = file;
        _dataStart = dataStart;
        Entries = header.Entries;
        Metadata = header.Metadata;
        _byName = Entries.ToDictionary(entry => entry.Name);
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>The tensors, in the order of their data.</summary>
    public IReadOnlyList<SafetensorsEntry> Entries { get; }

    /// <summary>The strings that describe the file.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Opens a file and checks its header.</summary>
    /// <exception cref="FileFormatException">It is no safetensors file, or its header does not fit its length.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static SafetensorsReader Open(string path)
    {
        SafeFileHandle file = File.OpenHandle(path);
        try
        {
            long fileLength = RandomAccess.GetLength(file);
            if (fileLength < sizeof(ulong))
                throw new FileFormatException(path, $"{fileLength} bytes found, at least the {sizeof(ulong)} of a header's length expected");
            byte[] lengthBytes = new byte[sizeof(ulong)];
            Fill(path, file, lengthBytes, 0);
            ulong headerLength = BinaryPrimitives.ReadUInt64LittleEndian(lengthBytes);
            ulong longest = (ulong)Math.Min(fileLength - sizeof(ulong), SafetensorsHeader.LongestHeader);
            if (headerLength > longest)
            {
                throw new FileFormatException(path,
                    $"a header of {headerLength} bytes found, at most {longest} expected in a file of {fileLength} bytes");
            }

            byte[] json = new byte[headerLength];
            Fill(path, file, json, sizeof(ulong));
            long dataStart = sizeof(ulong) + json.Length;
            return new SafetensorsReader(path, file, SafetensorsHeader.Parse(path, json, fileLength - dataStart), dataStart);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Finds a tensor by its name.</summary>
    public bool TryGet(string name, [NotNullWhen(true)] out SafetensorsEntry? entry) => _byName.TryGetValue(name, out entry);

    /// <summary>Reads a tensor of F64, F32, F16 or BF16, each number rounded to the type that is asked for.</summary>
    /// <exception cref="ArgumentException"><paramref name="destination"/> has not the length of the tensor.</exception>
    /// <exception cref="FileFormatException">The tensor has another type, or the file has become shorter.</exception>
    public void Read<T>(SafetensorsEntry entry, Span<T> destination) where T : unmanaged, IFloatingPointIeee754<T>
    {
        switch (entry.Type)
        {
            case SafetensorsType.F64: Read<double, T>(entry, destination, T.CreateTruncating); break;
            case SafetensorsType.F32: Read<float, T>(entry, destination, T.CreateTruncating); break;
            case SafetensorsType.F16: Read<Half, T>(entry, destination, T.CreateTruncating); break;
            case SafetensorsType.BF16: Read<ushort, T>(entry, destination, static bits => T.CreateTruncating(FromBFloat16(bits))); break;
            default: throw new FileFormatException(Path, $"tensor '{entry.Name}' has dtype {entry.Type}, F64, F32, F16 or BF16 expected");
        }
    }

    /// <summary>Reads a tensor of I64, I32, U16, U8 or BOOL.</summary>
    /// <exception cref="ArgumentException"><paramref name="destination"/> has not the length of the tensor.</exception>
    /// <exception cref="FileFormatException">The tensor has another type, or the file has become shorter.</exception>
    public void ReadIntegers(SafetensorsEntry entry, Span<long> destination)
    {
        switch (entry.Type)
        {
            case SafetensorsType.I64: Read<long, long>(entry, destination, static number => number); break;
            case SafetensorsType.I32: Read<int, long>(entry, destination, static number => number); break;
            case SafetensorsType.U16: Read<ushort, long>(entry, destination, static number => number); break;
            case SafetensorsType.U8 or SafetensorsType.BOOL: Read<byte, long>(entry, destination, static number => number); break;
            default: throw new FileFormatException(Path, $"tensor '{entry.Name}' has dtype {entry.Type}, whole numbers expected");
        }
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => _file.Dispose();

    private void Read<TStored, T>(SafetensorsEntry entry, Span<T> destination, Func<TStored, T> convert) where TStored : unmanaged
    {
        if (destination.Length != entry.Count)
        {
            throw new ArgumentException(
                $"tensor '{entry.Name}' has {entry.Count} numbers, the destination has room for {destination.Length}");
        }

        byte[] rented = ArrayPool<byte>.Shared.Rent(ChunkBytes);
        try
        {
            long position = _dataStart + entry.Begin;
            while (destination.Length > 0)
            {
                Span<TStored> chunk = MemoryMarshal.Cast<byte, TStored>(rented.AsSpan(0, ChunkBytes));
                chunk = chunk[..Math.Min(chunk.Length, destination.Length)];
                Span<byte> bytes = MemoryMarshal.AsBytes(chunk);
                Fill(Path, _file, bytes, position);
                for (int i = 0; i < chunk.Length; i++)
                    destination[i] = convert(chunk[i]);
                position += bytes.Length;
                destination = destination[chunk.Length..];
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    private static float FromBFloat16(ushort bits) => BitConverter.UInt32BitsToSingle((uint)bits << 16);

    private static void Fill(string path, SafeFileHandle file, Span<byte> destination, long position)
    {
        while (destination.Length > 0)
        {
            int read = RandomAccess.Read(file, destination, position);
            if (read == 0)
                throw new FileFormatException(path, $"the file ends at byte {position}, {destination.Length} more bytes expected");
            destination = destination[read..];
            position += read;
        }
    }
}
