using System.Numerics;
using System.Runtime.InteropServices;
using System.Text;
using MiniGpt.Tensors.Storage;

namespace MiniGpt.Model.Formats.Gguf;

/// <summary>Writes a GGUF file of version 3: first all keys and tensors are announced, then the numbers are written in order.</summary>
internal sealed class GgufWriter
{
    private const uint Version = 3;

    private readonly MemoryStream _keys = new();
    private readonly MemoryStream _announcements = new();
    private readonly List<StoredTensor> _tensors = [];
    private ulong _keyCount;
    private long _dataEnd;
    private int _written;

    /// <summary>Adds a string.</summary>
    public void Add(string key, string value)
    {
        Begin(key, GgufType.String);
        Write(_keys, value);
    }

    /// <summary>Adds a whole number.</summary>
    public void Add(string key, int value)
    {
        Begin(key, GgufType.UInt32);
        Write(_keys, checked((uint)value));
    }

    /// <summary>Adds a number, as a float.</summary>
    public void Add(string key, double value)
    {
        Begin(key, GgufType.Float32);
        Write(_keys, (float)value);
    }

    /// <summary>Adds true or false.</summary>
    public void Add(string key, bool value)
    {
        Begin(key, GgufType.Bool);
        Write(_keys, value ? (byte)1 : (byte)0);
    }

    /// <summary>Adds an array of strings.</summary>
    public void Add(string key, IReadOnlyCollection<string> values)
    {
        BeginArray(key, GgufType.String, values.Count);
        foreach (string value in values)
            Write(_keys, value);
    }

    /// <summary>Adds an array of whole numbers.</summary>
    public void Add(string key, ReadOnlySpan<int> values)
    {
        BeginArray(key, GgufType.Int32, values.Length);
        _keys.Write(MemoryMarshal.AsBytes(values));
    }

    /// <summary>Adds an array of numbers, as floats.</summary>
    public void Add(string key, ReadOnlySpan<float> values)
    {
        BeginArray(key, GgufType.Float32, values.Length);
        _keys.Write(MemoryMarshal.AsBytes(values));
    }

    /// <summary>Announces a tensor, the slowest dimension first.</summary>
    public void Announce(string name, StoredType type, IReadOnlyList<long> shape)
    {
        long begin = Aligned(_dataEnd);
        _dataEnd = checked(begin + (StoredTensor.BytesOf(type, shape)
            ?? throw new ArgumentException($"tensor '{name}' {StoredTensor.Text(shape)} is more than any file holds")));
        _tensors.Add(new StoredTensor(name, type, shape, begin, _dataEnd));
        Write(_announcements, name);
        Write(_announcements, (uint)shape.Count);
        foreach (long size in shape.Reverse())
            Write(_announcements, (ulong)size);
        Write(_announcements, GgufTypes.NumberOf(type));
        Write(_announcements, (ulong)begin);
    }

    /// <summary>Writes the head, once everything is announced.</summary>
    /// <exception cref="IOException">The stream cannot be written.</exception>
    public void WriteHead(Stream stream)
    {
        using MemoryStream head = new();
        head.Write(GgufReader.Magic);
        Write(head, Version);
        Write(head, (ulong)_tensors.Count);
        Write(head, _keyCount);
        _keys.WriteTo(head);
        _announcements.WriteTo(head);
        Pad(head, head.Length);
        head.WriteTo(stream);
    }

    /// <summary>Writes the numbers of the next tensor, rounded to its type.</summary>
    /// <exception cref="ArgumentException">A number is too large for the type; the message names the tensor.</exception>
    /// <exception cref="IOException">The stream cannot be written.</exception>
    public void WriteNumbers<T>(Stream stream, ReadOnlySpan<T> numbers)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        StoredTensor tensor = _tensors[_written++];
        Require.That(numbers.Length == tensor.Count,
            $"tensor '{tensor.Name}' was announced with {tensor.Count} numbers, {numbers.Length} are written");
        NumberWriter.Write(stream, tensor.Name, tensor.Type, numbers);
        Pad(stream, tensor.End);
    }

    private void Begin(string key, GgufType type)
    {
        _keyCount++;
        Write(_keys, key);
        Write(_keys, (uint)type);
    }

    private void BeginArray(string key, GgufType type, int count)
    {
        Begin(key, GgufType.Array);
        Write(_keys, (uint)type);
        Write(_keys, (ulong)count);
    }

    private static void Write(Stream stream, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        Write(stream, (ulong)bytes.Length);
        stream.Write(bytes);
    }

    private static void Write<T>(Stream stream, T number) where T : unmanaged =>
        stream.Write(MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in number)));

    private static void Pad(Stream stream, long position) => stream.Write(new byte[Aligned(position) - position]);

    private static long Aligned(long position) => StoredTensor.Align(position, GgufReader.DefaultAlignment);
}
