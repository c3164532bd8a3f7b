using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;
using System.Text.Json;
using MiniGpt.Model.Files;
using MiniGpt.Tensors.Storage;

namespace MiniGpt.Model.Formats;

/// <summary>
/// Writes a safetensors file as a stream: the header first, made of names and shapes alone, then the numbers of each tensor in order.
/// The data begins at a multiple of 8 bytes.
/// </summary>
public sealed class SafetensorsWriter
{
    /// <summary>The key of the metadata that some readers insist on.</summary>
    internal const string FormatKey = "format";

    private const int Alignment = 8;

    private readonly Stream _stream;
    private readonly StoredTensor[] _entries;
    private int _next;

    /// <summary>Writes the header. The stream stays the caller's.</summary>
    /// <param name="stream">Where to write, an <see cref="AtomicFile.Stream"/> as a rule.</param>
    /// <param name="tensors">Name, shape and type (F64, F32, F16 or BF16) of every tensor in the order in which they will be written.</param>
    /// <param name="metadata">Strings that describe the file, beside format = pt, which some readers insist on.</param>
    /// <exception cref="ArgumentException">
    /// A name is there twice or reserved, a dimension is negative, or a type cannot be written.
    /// </exception>
    /// <exception cref="IOException">The stream cannot be written.</exception>
    public SafetensorsWriter(
        Stream stream,
        IEnumerable<(string Name, IReadOnlyList<long> Shape, StoredType Type)> tensors,
        IReadOnlyDictionary<string, string>? metadata = null)
    {
        _stream = stream;
        _entries = LayOut(tensors);
        WriteHeader(metadata ?? new Dictionary<string, string>());
    }

    /// <summary>Writes the numbers of the next tensor, rounded to its type.</summary>
    /// <exception cref="ArgumentException">
    /// The next tensor has another length, there is none, or a finite number is too large for its type.
    /// </exception>
    /// <exception cref="IOException">The stream cannot be written.</exception>
    public void Write<T>(ReadOnlySpan<T> numbers) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (_next == _entries.Length)
            throw new ArgumentException($"all {_entries.Length} tensors are written");
        StoredTensor entry = _entries[_next];
        if (entry.Count != numbers.Length)
        {
            throw new ArgumentException(
                $"tensor '{entry.Name}' was announced with {entry.Count} numbers, {numbers.Length} are written");
        }
        _next++;
        NumberWriter.Write(_stream, entry.Name, entry.Type, numbers);
    }

    /// <summary>Says that everything is written.</summary>
    /// <exception cref="InvalidOperationException">A tensor is missing.</exception>
    public void Complete()
    {
        if (_next < _entries.Length)
            throw new InvalidOperationException($"tensor '{_entries[_next].Name}' was announced and not written");
    }

    private static StoredTensor[] LayOut(IEnumerable<(string Name, IReadOnlyList<long> Shape, StoredType Type)> tensors)
    {
        List<StoredTensor> entries = [];
        HashSet<string> names = [SafetensorsHeader.MetadataKey];
        long end = 0;
        foreach ((string name, IReadOnlyList<long> shape, StoredType type) in tensors)
        {
            Require.That(names.Add(name), $"the tensor name '{name}' is taken");
            Require.That(type.IsReal() && type != StoredType.Q8_0,
                $"tensor '{name}' has type {type}, F64, F32, F16 or BF16 can be written");
            Require.That(shape.All(dimension => dimension >= 0), $"tensor '{name}' has the shape {StoredTensor.Text(shape)}");
            long begin = end;
            end = checked(begin + (StoredTensor.BytesOf(type, shape)
                ?? throw new ArgumentException($"tensor '{name}' {StoredTensor.Text(shape)} is more than any file holds")));
            entries.Add(new StoredTensor(name, type, shape, begin, end));
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
            if (!metadata.ContainsKey(FormatKey))
                json.WriteString(FormatKey, "pt");
            foreach ((string key, string value) in metadata)
                json.WriteString(key, value);
            json.WriteEndObject();
            foreach (StoredTensor entry in _entries)
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

    private static void WriteEntry(Utf8JsonWriter json, StoredTensor entry)
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
