using System.Text.Json;
using MiniGpt.Model;

namespace MiniGpt.Server.Http;

/// <summary>
/// The fields of a JSON object in a request. Each is read once, by its type and range; what nobody has read in the end is refused, so that
/// nothing that a client asks for is passed over in silence.
/// </summary>
internal sealed class RequestFields
{
    private readonly Dictionary<string, JsonElement> _fields = new(StringComparer.Ordinal);
    private readonly string _path;

    /// <summary>The fields of an object.</summary>
    /// <param name="root">The object.</param>
    /// <param name="path">What its fields' names begin with in messages.</param>
    /// <exception cref="ApiException">It is no object.</exception>
    public RequestFields(JsonElement root, string path = "")
    {
        _path = path;
        if (root.ValueKind != JsonValueKind.Object)
            throw new ApiException(400, path.Length == 0 ? "a JSON object expected in the body" : $"'{path.TrimEnd('.')}': an object expected", null, "invalid_value");
        foreach (JsonProperty property in root.EnumerateObject())
            _fields[NameOf(property)] = property.Value;
    }

    /// <summary>Whether a field is there and not null.</summary>
    public bool Has(string name) => _fields.TryGetValue(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null;

    /// <summary>A field of any type; null where it is not there.</summary>
    public JsonElement? Any(string name) =>
        _fields.Remove(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    /// <summary>A whole number in a range; null where it is not there.</summary>
    public int? Whole(string name, int least, int most) => Any(name) is not { } value ? null
        : value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) && number >= least && number <= most
            ? number
            : throw Wrong(name, $"a whole number from {least} to {most}");

    /// <summary>A number in a range; null where it is not there.</summary>
    public double? Number(string name, double least, double most) => Any(name) is not { } value ? null
        : value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) && number >= least && number <= most
            ? number
            : throw Wrong(name, FormattableString.Invariant($"a number from {least} to {most}"));

    /// <summary>True or false; null where it is not there.</summary>
    public bool? Flag(string name) => Any(name)?.ValueKind switch
    {
        null => null,
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Wrong(name, "true or false"),
    };

    /// <summary>A text; null where it is not there.</summary>
    public string? Text(string name) => Any(name) is { } value ? TextOf(value, name) : null;

    /// <summary>A text, or several; null where there is none.</summary>
    public string[]? Texts(string name, int most)
    {
        if (Any(name) is not { } value)
            return null;
        if (value.ValueKind != JsonValueKind.Array)
            return [TextOf(value, name)];
        if (value.GetArrayLength() > most)
            throw Wrong(name, $"at most {most} texts");
        return [.. value.EnumerateArray().Select(item => TextOf(item, name))];
    }

    /// <summary>The seed of random numbers, any whole number of 64 bits; null where it is not there.</summary>
    public ulong? Seed(string name)
    {
        if (Any(name) is not { } value)
            return null;
        if (value.ValueKind == JsonValueKind.Number)
        {
            if (value.TryGetUInt64(out ulong unsigned))
                return unsigned;
            if (value.TryGetInt64(out long signed))
                return unchecked((ulong)signed);
        }
        throw Wrong(name, "a whole number");
    }

    /// <summary>The fields of an object in a field; null where it is not there.</summary>
    public RequestFields? Object(string name) => Any(name) is { } value ? new RequestFields(value, $"{_path}{name}.") : null;

    /// <summary>Takes fields that change nothing here, whatever they say: what a client notes for itself.</summary>
    public void Ignore(params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
            _fields.Remove(name);
    }

    /// <summary>Refuses fields that ask for what is not offered, unless they have a value that asks for nothing.</summary>
    public void Refuse(string name, params ReadOnlySpan<string> harmless)
    {
        if (Any(name) is { } value && !harmless.Contains(value.GetRawText()) && value.GetRawText() is not "[]")
            throw ApiException.Unsupported(_path + name, $"'{_path}{name}' is not offered here");
    }

    /// <summary>Refuses what nobody has read.</summary>
    /// <exception cref="ApiException">There is such a field.</exception>
    public void RefuseRest()
    {
        if (_fields.Keys.FirstOrDefault() is { } name)
            throw new ApiException(400, $"there is no parameter '{_path}{Excerpt.Of(name, 60)}'", _path + Excerpt.Of(name, 60), "unknown_parameter");
    }

    /// <summary>A field has another value than was expected.</summary>
    public ApiException Wrong(string name, string expected) => ApiException.Wrong(_path + name, expected);

    /// <summary>The text of a value.</summary>
    /// <exception cref="ApiException">It is no text, or holds half of a surrogate pair.</exception>
    public string TextOf(JsonElement value, string name)
    {
        if (value.ValueKind != JsonValueKind.String)
            throw Wrong(name, "a text");
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw Wrong(name, "a text of whole characters");
        }
    }

    private static string NameOf(JsonProperty property)
    {
        try
        {
            return property.Name;
        }
        catch (InvalidOperationException)
        {
            throw new ApiException(400, "a field's name has half of a surrogate pair, whole characters expected", code: "invalid_value");
        }
    }
}
