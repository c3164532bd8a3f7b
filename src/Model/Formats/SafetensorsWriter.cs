using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace MiniGpt.Model.Formats;

/// <summary>
/// Writes a safetensors file as a stream: the header first, made of names and shapes alone, then the numbers of each tensor in order.
/// The data begins at a multiple of 8 bytes.
/// </summary>
public sealed class SafetensorsWriter
{
    private const int Alignment = 8;

    private readonly Stream _stream;
    private readonly SafetensorsEntry[] _entries;
    private int _next;

    /// <summary>Writes the header. The stream stays the caller's.</summary>
    /// <param name="stream">Where to write, an <see cref="AtomicFile.Stream"/> as a rule.</param>
    /// <param name="tensors">Name, shape and type, F32 or F64, of every tensor in the order in which they will be written.</param>
    /// <param name="metadata">Strings that describe the file, beside format = pt, which some readers insist on.</param>
    /// <exception cref="ArgumentException">
    /// A name is there twice or reserved, a dimension is negative, or a type cannot be written.
    /// </exception>
    /// <exception cref="IOException">The stream cannot be written.</exception>
    public SafetensorsWriter(
        Stream stream,
        IEnumerable<(string Name, IReadOnlyList<long> Shape, SafetensorsType Type)> tensors,
        IReadOnlyDictionary<string, string>? metadata = null)
    {
        _stream = stream;
        _entries = LayOut(tensors);
        WriteHeader(metadata ?? new Dictionary<string, string>());
    }

    /// <summary>Writes the numbers of the next tensor.</summary>
    /// <exception cref="ArgumentException">The next tensor has another length or another type, or there is none.</exception>
    /// <exception cref="IOException">The stream cannot be written.</exception>
    public void Write<T>(ReadOnlySpan<T> numbers) where T : unmanaged, IFloatingPointIeee754<T>
    {
        if (_next == _entries.Length)
            throw new ArgumentException($"all {_entries.Length} tensors are written");
        SafetensorsEntry entry = _entries[_next];
        if (entry.Count != numbers.Length || entry.Type != TypeOf<T>())
        {
            throw new ArgumentException(
                $"tensor '{entry.Name}' was announced with {entry.Count} numbers of {entry.Type}, "
                + $"{numbers.Length} of {typeof(T).Name} are written");
        }
        _next++;
        const int chunk = 1 << 20; // the bytes of a longer span could be more than a span can count
        for (; numbers.Length > chunk; numbers = numbers[chunk..])
            _stream.Write(MemoryMarshal.AsBytes(numbers[..chunk]));
        _stream.Write(MemoryMarshal.AsBytes(numbers));
    }

    /// <summary>Says that everything is written.</summary>
    /// <exception cref="InvalidOperationException">A tensor is missing.</exception>
    public void Complete()
    {
        if (_next < _entries.Length)
            throw new InvalidOperationException($"tensor '{_entries[_next].Name}' was announced and not written");
    }

    private static SafetensorsType? TypeOf<T>() =>
        typeof(T) == typeof(float) ? SafetensorsType.F32 : typeof(T) == typeof(double) ? SafetensorsType.F64 : null;

    private static SafetensorsEntry[] LayOut(IEnumerable<(string Name, IReadOnlyList<long> Shape, SafetensorsType Type)> tensors)
    {
        List<SafetensorsEntry> entries = [];
        HashSet<string> names = [SafetensorsHeader.MetadataKey];
        long end = 0;
        foreach ((string name, IReadOnlyList<long> shape, SafetensorsType type) in tensors)
        {
            Require.That(names.Add(name), $"the tensor name '{name}' is taken");
            Require.That(type is SafetensorsType.F32 or SafetensorsType.F64, $"tensor '{name}' has type {type}, F32 or F64 can be written");
            Require.That(shape.All(dimension => dimension >= 0), $"tensor '{name}' has the shape [{string.Join(", ", shape)}]");
            long begin = end;
            end = checked(begin + shape.Aggregate((long)SafetensorsEntry.BytesOf(type), (bytes, dimension) => bytes * dimension));
            entries.Add(new SafetensorsEntry(name, type, shape, begin, end));
        }
        return [.. entries];
    }

    private void WriteHeader(IReadOnlyDictionary<string, string> metadata)
    {
        ArrayBufferWriter<byte> header = new();
        using (Utf8JsonWriter json = new(header))
        {
            json.WriteStartObject();
            json.WriteStartObject(SafetensorsHeader.MetadataKey);
            if (!metadata.ContainsKey("format"))
                json.WriteString("format", "pt");
            foreach ((string key, string value) in metadata)
                json.WriteString(key, value);
            json.WriteEndObject();
            foreach (SafetensorsEntry entry in _entries)
                WriteEntry(json, entry);
            json.WriteEndObject();
        }
        int padding = -header.WrittenCount & Alignment - 1;
        header.GetSpan(padding)[..padding].Fill((byte)' ');
        header.Advance(padding);

        Span<byte> length = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)header.WrittenCount);
        _stream.Write(length);
        _stream.Write(header.WrittenSpan);
    }

    private static void WriteEntry(Utf8JsonWriter json, SafetensorsEntry entry)
    {
        json.WriteStartObject(entry.Name);
        json.WriteString("dtype", entry.Type.ToString());
        json.WriteStartArray("shape");
        foreach (long dimension in entry.Shape)
            json.WriteNumberValue(dimension);
        json.WriteEndArray();
        json.WriteStartArray("data_offsets");
        json.WriteNumberValue(entry.Begin);
        json.WriteNumberValue(entry.End);
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
