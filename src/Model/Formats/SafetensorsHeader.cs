using System.Text.Json;
using MiniGpt.Model.Files;
using MiniGpt.Tensors.Storage;

namespace MiniGpt.Model.Formats;

/// <summary>What the header of a safetensors file says, once all of it is known to be true of the file.</summary>
internal sealed record SafetensorsHeader(IReadOnlyList<StoredTensor> Entries, IReadOnlyDictionary<string, string> Metadata)
{
    /// <summary>The key of the strings that describe the file and are no tensor.</summary>
    public const string MetadataKey = "__metadata__";

    /// <summary>The longest header that the format allows, in bytes.</summary>
    public const int LongestHeader = 100_000_000;

    // Blocks have no dtype of this format.
    private static readonly string[] s_types = [.. Enum.GetNames<StoredType>().Where(name => name != nameof(StoredType.Q8_0))];

    /// <summary>Parses a header and checks every number of it against the bytes of data that the file really has.</summary>
    /// <exception cref="FileFormatException">One line on the first thing that is wrong.</exception>
    public static SafetensorsHeader Parse(string path, ReadOnlyMemory<byte> json, long dataLength) => JsonFile.Parse(path, json, root =>
    {
        Dictionary<string, string> metadata = [];
        List<StoredTensor> entries = [];
        foreach (JsonProperty property in root.EnumerateObject())
        {
            if (property.NameEquals(MetadataKey))
                metadata = ParseMetadata(path, property.Value);
            else
                entries.Add(ParseEntry(path, property.Name, property.Value));
        }
        StoredTensor.SortAndCheckCover(path, entries, dataLength);
        return new SafetensorsHeader(entries, metadata);
    });

    private static Dictionary<string, string> ParseMetadata(string path, JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Object || json.EnumerateObject().Any(pair => pair.Value.ValueKind != JsonValueKind.String))
            throw new FileFormatException(path, $"{MetadataKey} is no object of strings");
        return json.EnumerateObject().ToDictionary(pair => pair.Name, pair => pair.Value.GetString()!);
    }

    private static StoredTensor ParseEntry(string path, string name, JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Object)
            throw Wrong($"is a JSON {JsonFile.Kind(json)}, an object with dtype, shape and data_offsets expected");

        if (!json.TryGetProperty("dtype", out JsonElement dtype) || dtype.ValueKind != JsonValueKind.String)
            throw Wrong("has no dtype");
        if (!s_types.Contains(dtype.GetString()))
            throw Wrong($"has dtype {dtype.GetString()}, one of {string.Join(", ", s_types)} expected");
        StoredType type = Enum.Parse<StoredType>(dtype.GetString()!);

        long[] shape = Numbers("shape");
        long[] offsets = Numbers("data_offsets");
        if (offsets is not [long begin, long end] || begin > end)
            throw Wrong($"has data_offsets [{string.Join(", ", offsets)}], a begin and an end not before it expected");

        long bytes = StoredTensor.BytesOf(type, shape)
            ?? throw Wrong($"has shape {StoredTensor.Text(shape)}, more than any file holds");
        if (bytes != end - begin)
            throw Wrong($"has {end - begin} bytes, {bytes} expected for {type} {StoredTensor.Text(shape)}");
        return new StoredTensor(name, type, shape, begin, end);

        long[] Numbers(string key)
        {
            if (!json.TryGetProperty(key, out JsonElement list) || list.ValueKind != JsonValueKind.Array)
                throw Wrong($"has no {key}");
            return [.. list.EnumerateArray().Select(item =>
                item.ValueKind == JsonValueKind.Number && item.TryGetInt64(out long number) && number >= 0
                    ? number
                    : throw Wrong($"has {item.GetRawText()} in its {key}, a whole number of at least 0 expected"))];
        }

        FileFormatException Wrong(string problem) => new(path, $"tensor '{name}' {problem}");
    }
}
