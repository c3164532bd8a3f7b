using System.Text.Json;
using System.Text.Json.Nodes;

namespace MiniGpt.Model.Files;

/// <summary>The fields of one JSON object of a file, each asked for with its type.</summary>
/// <remarks>Every method throws a <see cref="FileFormatException"/> that names the key where the value is not what was asked for.</remarks>
internal readonly struct JsonFields(string path, JsonElement json)
{
    public string Text(string key) => Find(key) switch
    {
        { ValueKind: JsonValueKind.String } value => value.GetString()!,
        var value => throw Wrong(key, value, "a string"),
    };

    public string? OptionalText(string key) => Find(key) is { ValueKind: not JsonValueKind.Null } ? Text(key) : null;

    public int Integer(string key) => OptionalInteger(key) ?? throw Wrong(key, Find(key), "a whole number");

    public int? OptionalInteger(string key) => Find(key) switch
    {
        null or { ValueKind: JsonValueKind.Null } => null,
        { ValueKind: JsonValueKind.Number } value when value.TryGetInt32(out int number) => number,
        var value => throw Wrong(key, value, "a whole number of 32 bits"),
    };

    /// <summary>A whole number of at least 0.</summary>
    public long Count(string key) => Find(key) switch
    {
        { ValueKind: JsonValueKind.Number } value when value.TryGetInt64(out long number) && number >= 0 => number,
        var value => throw Wrong(key, value, "a whole number of at least 0"),
    };

    public double Number(string key, double missing) => Find(key) switch
    {
        null => missing,
        { ValueKind: JsonValueKind.Number } value when value.TryGetDouble(out double number) && double.IsFinite(number) => number,
        var value => throw Wrong(key, value, "a number"),
    };

    public bool Flag(string key, bool missing) => Find(key) switch
    {
        null => missing,
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        var value => throw Wrong(key, value, "true or false"),
    };

    public T Choice<T>(string key, T missing) where T : struct, Enum => Find(key) switch
    {
        null => missing,
        { ValueKind: JsonValueKind.String } value when OptionNames.TryParse(value.GetString()!, out T choice) => choice,
        var value => throw Wrong(key, value, string.Join(" or ", OptionNames.All<T>())),
    };

    /// <summary>One whole number of 32 bits or a list of them; none where the key is missing or null.</summary>
    public int[] OneOrMoreIntegers(string key)
    {
        if (Find(key) is not { ValueKind: JsonValueKind.Array } list)
            return OptionalInteger(key) is int one ? [one] : [];
        List<int> numbers = [];
        foreach (JsonElement element in list.EnumerateArray())
        {
            numbers.Add(element.ValueKind == JsonValueKind.Number && element.TryGetInt32(out int number)
                ? number
                : throw Wrong(key, "whole numbers of 32 bits"));
        }
        return [.. numbers];
    }

    /// <summary>The fields of an object; null where the key is missing or null.</summary>
    public JsonFields? OptionalFields(string key) =>
        Find(key) is { ValueKind: not JsonValueKind.Null } ? new JsonFields(path, Object(key)) : null;

    /// <summary>What to throw where a value is not what was expected.</summary>
    public FileFormatException Wrong(string key, string expected) => Wrong(key, Find(key), expected);

    /// <summary>What to throw where a value asks for arithmetic that there is not.</summary>
    public FileFormatException NotSupported(string key, string supported) =>
        new(path, $"{key} is {Find(key)?.GetRawText() ?? "missing"}, only {supported} is supported");

    /// <summary>The object of a key.</summary>
    public JsonElement Object(string key) => Find(key) switch
    {
        { ValueKind: JsonValueKind.Object } value => value,
        var value => throw Wrong(key, value, "an object"),
    };

    /// <summary>The elements of an array; none where the key is missing or null.</summary>
    public IEnumerable<JsonElement> OptionalArray(string key) => Find(key) switch
    {
        null or { ValueKind: JsonValueKind.Null } => [],
        { ValueKind: JsonValueKind.Array } value => value.EnumerateArray(),
        var value => throw Wrong(key, value, "an array"),
    };

    /// <summary>Whether there is a key, whatever its value.</summary>
    public bool Has(string key) => Find(key) is not null;

    /// <summary>Whether a key is missing, null or an empty array or object.</summary>
    public bool IsEmpty(string key) => Find(key) switch
    {
        null or { ValueKind: JsonValueKind.Null } => true,
        { ValueKind: JsonValueKind.Array } value => value.GetArrayLength() == 0,
        { ValueKind: JsonValueKind.Object } value => value.GetPropertyCount() == 0,
        _ => false,
    };

    /// <summary>A copy of the fields whose keys are not among these.</summary>
    public JsonObject Except(IReadOnlySet<string> keys)
    {
        JsonObject rest = [];
        foreach (JsonProperty property in json.EnumerateObject().Where(property => !keys.Contains(property.Name)))
            rest[property.Name] = JsonNode.Parse(property.Value.GetRawText());
        return rest;
    }

    /// <summary>The object as it is written.</summary>
    public override string ToString() => json.GetRawText();

    private static string Short(string value)
    {
        const int longest = 80;
        return value.Length <= longest ? value : $"{value.AsSpan(0, longest)}…";
    }

    private JsonElement? Find(string key) => json.TryGetProperty(key, out JsonElement value) ? value : null;

    private FileFormatException Wrong(string key, JsonElement? found, string expected) => found is JsonElement value
        ? new(path, $"{key} is {Short(value.GetRawText())}, {expected} expected")
        : new(path, $"there is no {key}, {expected} expected");
}
