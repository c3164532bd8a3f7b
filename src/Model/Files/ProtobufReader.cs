using System.Buffers.Binary;

namespace MiniGpt.Model.Files;

/// <summary>
/// Reads the fields of a message in the wire format of Protocol Buffers, one after the other. It allocates nothing: what a length speaks of has
/// to be there.
/// </summary>
/// <param name="message">The message.</param>
/// <param name="path">The file, for messages to people.</param>
internal ref struct ProtobufReader(ReadOnlySpan<byte> message, string path)
{
    private const int MostVarintBytes = 10;

    private readonly ReadOnlySpan<byte> _message = message;
    private readonly string _path = path;
    private int _at;
    private WireKind _kind;
    private ulong _number;
    private ReadOnlySpan<byte> _bytes;

    /// <summary>How a value is written, by the numbers of the format.</summary>
    private enum WireKind
    {
        Varint = 0,
        EightBytes = 1,
        Bytes = 2,
        FourBytes = 5,
    }

    /// <summary>The number of the field that was read.</summary>
    public int Field { get; private set; }

    /// <summary>The field as a whole number.</summary>
    public readonly long Number => _kind == WireKind.Varint ? (long)_number : throw Wrong("a whole number");

    /// <summary>The field as a truth value.</summary>
    public readonly bool Flag => Number != 0;

    /// <summary>The field as a text, as bytes, or as a message of its own.</summary>
    public readonly ReadOnlySpan<byte> Bytes => _kind == WireKind.Bytes ? _bytes : throw Wrong("bytes");

    /// <summary>The field as a number of 32 bits.</summary>
    public readonly float Single => _kind == WireKind.FourBytes ? BinaryPrimitives.ReadSingleLittleEndian(_bytes) : throw Wrong("a number of 32 bits");

    /// <summary>Reads the next field; false at the end of the message.</summary>
    /// <exception cref="FileFormatException">It is cut off, or in no such format.</exception>
    public bool Read()
    {
        if (_at == _message.Length)
            return false;
        ulong tag = Varint();
        if (tag >> 3 is 0 or > int.MaxValue)
            throw new FileFormatException(_path, $"a field {tag >> 3} found, a number from 1 on expected: the file is damaged, or none of Protocol Buffers");
        (Field, _kind) = ((int)(tag >> 3), (WireKind)(tag & 7));
        switch (_kind)
        {
            case WireKind.Varint:
                _number = Varint();
                break;
            case WireKind.EightBytes:
                _bytes = Take(sizeof(ulong));
                break;
            case WireKind.Bytes:
                _bytes = Take(Varint());
                break;
            case WireKind.FourBytes:
                _bytes = Take(sizeof(uint));
                break;
            default:
                throw new FileFormatException(_path, $"field {Field} is written in the way {tag & 7}, 0, 1, 2 or 5 expected: the file is damaged, or none of Protocol Buffers");
        }
        return true;
    }

    private ulong Varint()
    {
        ulong value = 0;
        for (int count = 0; count < MostVarintBytes; count++)
        {
            byte next = Take(1)[0];
            value |= (ulong)(next & 0x7F) << (7 * count);
            if (next < 0x80)
                return value;
        }
        throw new FileFormatException(_path, $"a number of more than {MostVarintBytes} bytes found: the file is damaged, or none of Protocol Buffers");
    }

    private ReadOnlySpan<byte> Take(ulong length)
    {
        int rest = _message.Length - _at;
        if (length > (ulong)rest)
            throw new FileFormatException(_path, $"{length} bytes are to follow, {rest} do: the file is cut off or damaged");
        ReadOnlySpan<byte> taken = _message.Slice(_at, (int)length);
        _at += (int)length;
        return taken;
    }

    private readonly FileFormatException Wrong(string expected) => new(_path, $"field {Field} is written in the way {(int)_kind}, {expected} expected");
}
