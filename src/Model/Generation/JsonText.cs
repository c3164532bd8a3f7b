namespace MiniGpt.Model.Generation;

/// <summary>
/// Whether bytes, as they come, can still become a JSON object (RFC 8259) in UTF-8. A value: a copy of it can try what the original does not take.
/// </summary>
internal struct JsonText
{
    private const int MostDepth = 32;
    private const int MostSpace = 16; // in a row: a model that begins to write spaces would not end

    private static readonly byte[][] s_literals = ["true"u8.ToArray(), "false"u8.ToArray(), "null"u8.ToArray()];

    private Place _place;
    private ulong _containers; // a bit each, the innermost last: 1 for an object, 0 for an array
    private int _depth;
    private int _count; // of spaces, of a literal's letters, of digits after \u, or of the bytes that a character still needs
    private byte _detail; // the literal; or what the first of these bytes has to be at least
    private byte _most; // and at most
    private bool _isKey;

    private enum Place : byte
    {
        Start, Value, FirstElement, FirstKey, Key, Colon, Separator, String, Escape, UnicodeEscape, Character, Literal, Minus, Zero, Whole, Point, Fraction, Exponent, ExponentSign, ExponentDigits, End,
    }

    /// <summary>Whether the object is complete.</summary>
    public readonly bool IsComplete => _place == Place.End;

    /// <summary>Takes bytes.</summary>
    /// <returns>False where no JSON object goes on so; what was taken is then undefined.</returns>
    public bool TryAppend(ReadOnlySpan<byte> bytes)
    {
        foreach (byte value in bytes)
        {
            if (!TryAppend(value))
                return false;
        }

        return true;
    }

    private bool TryAppend(byte value)
    {
        switch (_place)
        {
            case Place.String:
                return value switch
                {
                    (byte)'"' => Go(_isKey ? Place.Colon : AfterValue()),
                    (byte)'\\' => Go(Place.Escape),
                    < 0x20 => false,
                    < 0x80 => true,
                    _ => TryBeginCharacter(value),
                };
            case Place.Escape:
                return value == 'u' ? Go(Place.UnicodeEscape, count: 4) : "\"\\/bfnrt"u8.Contains(value) && Go(Place.String);
            case Place.UnicodeEscape:
                return char.IsAsciiHexDigit((char)value) && NotHalf(value) && (--_count > 0 || Go(Place.String));
            case Place.Character:
                bool isNext = value >= _detail && value <= _most;
                (_detail, _most) = (0x80, 0xBF);
                return isNext && (--_count > 0 || Go(Place.String));
            case Place.Literal:
                byte[] literal = s_literals[_detail];
                return value == literal[_count] && (++_count < literal.Length || Go(AfterValue()));
            case Place.Minus:
                return TryDigit(value, Place.Whole, zero: Place.Zero);
            case Place.Zero:
                return TryAfterWhole(value);
            case Place.Whole:
                return char.IsAsciiDigit((char)value) || TryAfterWhole(value);
            case Place.Point:
                return TryDigit(value, Place.Fraction, zero: Place.Fraction);
            case Place.Fraction:
                return char.IsAsciiDigit((char)value) || (value is (byte)'e' or (byte)'E' ? Go(Place.Exponent) : TryAfterNumber(value));
            case Place.Exponent:
                return value is (byte)'+' or (byte)'-' ? Go(Place.ExponentSign) : TryDigit(value, Place.ExponentDigits, zero: Place.ExponentDigits);
            case Place.ExponentSign:
                return TryDigit(value, Place.ExponentDigits, zero: Place.ExponentDigits);
            case Place.ExponentDigits:
                return char.IsAsciiDigit((char)value) || TryAfterNumber(value);
            default:
                return TryBetween(value);
        }
    }

    /// <summary>A byte between values and marks, where space may stand.</summary>
    private bool TryBetween(byte value)
    {
        if (value is (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t')
            return _place != Place.Start && ++_count <= MostSpace; // an answer begins with its brace

        return (_place, value) switch
        {
            (Place.Start, (byte)'{') => TryOpen(isObject: true),
            (Place.Value or Place.FirstElement, _) when TryBeginValue(value) => true,
            (Place.FirstElement, (byte)']') => TryClose(isObject: false),
            (Place.FirstKey or Place.Key, (byte)'"') => BeginString(isKey: true),
            (Place.FirstKey, (byte)'}') => TryClose(isObject: true),
            (Place.Colon, (byte)':') => Go(Place.Value),
            (Place.Separator, (byte)',') => Go(IsInObject ? Place.Key : Place.Value),
            (Place.Separator, (byte)'}' or (byte)']') => TryClose(value == '}'),
            _ => false,
        };
    }

    private readonly bool IsInObject => (_containers & 1) == 1;

    private bool TryBeginValue(byte value) => value switch
    {
        (byte)'{' => TryOpen(isObject: true),
        (byte)'[' => TryOpen(isObject: false),
        (byte)'"' => BeginString(isKey: false),
        (byte)'-' => Go(Place.Minus),
        (byte)'0' => Go(Place.Zero),
        >= (byte)'1' and <= (byte)'9' => Go(Place.Whole),
        (byte)'t' => Go(Place.Literal, count: 1, detail: 0),
        (byte)'f' => Go(Place.Literal, count: 1, detail: 1),
        (byte)'n' => Go(Place.Literal, count: 1, detail: 2),
        _ => false,
    };

    private bool TryOpen(bool isObject)
    {
        if (_depth == MostDepth)
            return false;
        _containers = _containers << 1 | (isObject ? 1UL : 0);
        _depth++;
        return Go(isObject ? Place.FirstKey : Place.FirstElement);
    }

    private bool TryClose(bool isObject)
    {
        if (IsInObject != isObject)
            return false;
        _containers >>= 1;
        _depth--;
        return Go(AfterValue());
    }

    private bool BeginString(bool isKey)
    {
        _isKey = isKey;
        return Go(Place.String);
    }

    private bool TryDigit(byte value, Place next, Place zero) => value == '0' ? Go(zero) : char.IsAsciiDigit((char)value) && Go(next);

    private bool TryAfterWhole(byte value) =>
        value == '.' ? Go(Place.Point) : value is (byte)'e' or (byte)'E' ? Go(Place.Exponent) : TryAfterNumber(value);

    /// <summary>Nothing but what follows says that a number has ended.</summary>
    private bool TryAfterNumber(byte value)
    {
        Go(AfterValue());
        return TryBetween(value);
    }

    /// <summary>The first byte of a character of several says how many follow, and the range of the next (Unicode, table 3-7).</summary>
    private bool TryBeginCharacter(byte value)
    {
        (int count, _detail, _most) = value switch
        {
            >= 0xC2 and <= 0xDF => (1, (byte)0x80, (byte)0xBF),
            0xE0 => (2, (byte)0xA0, (byte)0xBF),
            0xED => (2, (byte)0x80, (byte)0x9F),
            >= 0xE1 and <= 0xEF => (2, (byte)0x80, (byte)0xBF),
            0xF0 => (3, (byte)0x90, (byte)0xBF),
            >= 0xF1 and <= 0xF3 => (3, (byte)0x80, (byte)0xBF),
            0xF4 => (3, (byte)0x80, (byte)0x8F),
            _ => (0, (byte)0, (byte)0),
        };
        return count > 0 && Go(Place.Character, count, _detail);
    }

    /// <summary>Halves of surrogate pairs are left out: \uD800 to \uDFFF.</summary>
    private bool NotHalf(byte value)
    {
        if (_count == 4)
            _detail = (byte)(value | 0x20);
        return _count != 3 || _detail != 'd' || value is >= (byte)'0' and <= (byte)'7';
    }

    private readonly Place AfterValue() => _depth == 0 ? Place.End : Place.Separator;

    private bool Go(Place place, int count = 0, byte detail = 0)
    {
        (_place, _count, _detail) = (place, count, detail);
        return true;
    }
}
