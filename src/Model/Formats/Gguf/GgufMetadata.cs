using System.Globalization;
using System.Text.Json.Nodes;
using MiniGpt.Model.Files;
using MiniGpt.Tensors.Memory;

namespace MiniGpt.Model.Formats.Gguf;

/// <summary>
/// The keys of a GGUF file. Values stay in the file, where parsing has made sure that they are whole; they are read when they are asked for.
/// </summary>
internal sealed class GgufMetadata
{
    private const int DeepestArray = 4;
    private const int LongestKey = 65_535; // as the format says

    private readonly string _path;
    private readonly MappedFile _file;
    private readonly Dictionary<string, (GgufType Type, long Position)> _values = [];

    /// <summary>Reads the keys and walks over their values.</summary>
    /// <exception cref="FileFormatException">A value does not fit the file, a type is unknown, or a key is there twice.</exception>
    public GgufMetadata(string path, MappedFile file, GgufCursor cursor, long count)
    {
        _path = path;
        _file = file;
        for (long i = 0; i < count; i++)
        {
            string key = cursor.Text($"key {i} of the metadata");
            if (key.Length > LongestKey)
                throw cursor.Wrong($"a key of {key.Length} characters found, at most {LongestKey} expected");
            GgufType type = Type(cursor, key);
            if (!_values.TryAdd(key, (type, cursor.Position)))
                throw cursor.Wrong($"the key '{key}' is there twice");
            Skip(cursor, type, key, depth: 0);
        }
    }

    /// <summary>Whether there is a key.</summary>
    public bool Has(string key) => _values.ContainsKey(key);

    /// <summary>A string.</summary>
    public string Text(string key) => OptionalText(key) ?? throw Missing(key, "a string");

    /// <summary>A string; null where there is no such key.</summary>
    public string? OptionalText(string key) => Find(key) switch
    {
        null => null,
        (GgufType.String, long position) => At(position).Text(key),
        (GgufType type, _) => throw Wrong(key, type, "a string"),
    };

    /// <summary>A whole number of 32 bits, of whatever type it is.</summary>
    public int Integer(string key) => OptionalInteger(key) ?? throw Missing(key, "a whole number");

    /// <summary>A whole number of 32 bits, of whatever type it is; null where there is no such key.</summary>
    public int? OptionalInteger(string key)
    {
        if (Find(key) is not (GgufType type, long position))
            return null;
        if (Value(At(position), type) is not long value)
            throw Wrong(key, type, "a whole number");
        return value is >= 0 and <= int.MaxValue
            ? (int)value
            : throw new FileFormatException(_path, $"{key} is {value}, a whole number from 0 to {int.MaxValue} expected");
    }

    /// <summary>A number; null where there is no such key.</summary>
    public double? OptionalNumber(string key)
    {
        if (Find(key) is not (GgufType type, long position))
            return null;
        return Value(At(position), type) switch
        {
            long whole => whole,
            double number when double.IsFinite(number) => number,
            double number => throw new FileFormatException(_path, $"{key} is {number}, a number expected"),
            _ => throw Wrong(key, type, "a number"),
        };
    }

    /// <summary>True or false; null where there is no such key.</summary>
    public bool? OptionalFlag(string key)
    {
        if (Find(key) is not (GgufType type, long position))
            return null;
        return Value(At(position), type) as bool? ?? throw Wrong(key, type, "true or false");
    }

    /// <summary>How many elements an array has; 0 where there is no such key.</summary>
    public long Length(string key) => Find(key) switch
    {
        null => 0,
        (GgufType.Array, long position) when At(position) is var cursor && Type(cursor, key) is var _ => (long)cursor.Number<ulong>(key),
        (GgufType type, _) => throw Wrong(key, type, "an array"),
    };

    /// <summary>An array of strings; null where there is no such key.</summary>
    public string[]? OptionalTexts(string key) =>
        OptionalArray(key, "an array of strings", (cursor, i) => cursor.Text($"string {i} of {key}"), GgufType.String);

    /// <summary>An array of whole numbers of 32 bits, with or without a sign; null where there is no such key.</summary>
    public int[]? OptionalIntegers(string key) =>
        OptionalArray(key, "an array of 32-bit whole numbers", (cursor, _) => cursor.Number<int>(key), GgufType.Int32, GgufType.UInt32);

    /// <summary>An array of floats; null where there is no such key.</summary>
    public float[]? OptionalNumbers(string key) =>
        OptionalArray(key, "an array of floats", (cursor, _) => cursor.Number<float>(key), GgufType.Float32);

    /// <summary>Everything that is short; of an array its type and length.</summary>
    public JsonObject ToJson()
    {
        JsonObject json = [];
        foreach ((string key, (GgufType type, long position)) in _values)
        {
            GgufCursor cursor = At(position);
            json[key] = type switch
            {
                GgufType.String => cursor.Text(key),
                GgufType.Array => $"{(GgufType)cursor.Number<uint>(key)}[{cursor.Number<ulong>(key)}]",
                _ => Value(cursor, type) switch
                {
                    bool flag => flag,
                    long whole => whole,
                    double number when double.IsFinite(number) => number,
                    var other => other?.ToString(),
                },
            };
        }
        return json;
    }

    private (GgufType Type, long Position)? Find(string key) => _values.TryGetValue(key, out var value) ? value : null;

    private GgufCursor At(long position) => new(_path, _file, position);

    private T[]? OptionalArray<T>(string key, string expected, Func<GgufCursor, long, T> read, params GgufType[] elements)
    {
        if (Find(key) is not (GgufType type, long position))
            return null;
        GgufCursor cursor = At(position);
        if (type != GgufType.Array || Type(cursor, key) is var found && !elements.Contains(found))
            throw Wrong(key, type, expected);
        T[] values = new T[cursor.Number<ulong>(key)]; // no longer than what parsing has walked over
        for (long i = 0; i < values.Length; i++)
            values[i] = read(cursor, i);
        return values;
    }

    private static GgufType Type(GgufCursor cursor, string key)
    {
        uint type = cursor.Number<uint>($"the type of {key}");
        return Enum.IsDefined((GgufType)type) ? (GgufType)type : throw cursor.Wrong($"{key} has the type {type}, 0 to 12 expected");
    }

    private static void Skip(GgufCursor cursor, GgufType type, string key, int depth)
    {
        if (type == GgufType.String)
            cursor.SkipText(key);
        else if (type != GgufType.Array)
            cursor.Skip(GgufTypes.BytesOf(type), key);
        else
        {
            if (depth == DeepestArray)
                throw cursor.Wrong($"{key} has arrays inside of arrays, at most {DeepestArray} deep expected");
            GgufType elements = Type(cursor, key);
            int bytes = GgufTypes.BytesOf(elements);
            long count = cursor.Count(bytes > 0 ? bytes : sizeof(ulong), $"elements of {key}"); // strings and arrays begin with a length
            if (bytes > 0)
            {
                cursor.Skip(count * bytes, key);
                return;
            }
            for (long i = 0; i < count; i++)
                Skip(cursor, elements, key, depth + 1);
        }
    }

    /// <summary>A value that is no string and no array: a bool, a long or a double.</summary>
    private static object? Value(GgufCursor cursor, GgufType type) => type switch
    {
        GgufType.UInt8 => (long)cursor.Number<byte>("a value"),
        GgufType.Int8 => (long)cursor.Number<sbyte>("a value"),
        GgufType.UInt16 => (long)cursor.Number<ushort>("a value"),
        GgufType.Int16 => (long)cursor.Number<short>("a value"),
        GgufType.UInt32 => (long)cursor.Number<uint>("a value"),
        GgufType.Int32 => (long)cursor.Number<int>("a value"),
        GgufType.UInt64 => (long)Math.Min(cursor.Number<ulong>("a value"), long.MaxValue),
        GgufType.Int64 => cursor.Number<long>("a value"),
        // The shortest decimal that is this float: 1e-5, not 9.99999974737875e-06.
        GgufType.Float32 => double.Parse(cursor.Number<float>("a value").ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture),
        GgufType.Float64 => cursor.Number<double>("a value"),
        GgufType.Bool => cursor.Number<byte>("a value") != 0,
        _ => null,
    };

    private FileFormatException Missing(string key, string expected) => new(_path, $"there is no key {key}, {expected} expected");

    private FileFormatException Wrong(string key, GgufType found, string expected) =>
        new(_path, $"{key} is of type {found}, {expected} expected");
}
