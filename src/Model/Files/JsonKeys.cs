using System.Text.Json;

namespace MiniGpt.Model.Files;

/// <summary>The keys of JSON objects.</summary>
internal static class JsonKeys
{
    /// <summary>
    /// A key that stands twice in one object, in the given value or in what it holds; null where there is none. JsonDocument can refuse such
    /// JSON itself, but takes a random number from OpenSSL for it: loading that was a good part of the time to the first character of a sample.
    /// </summary>
    public static string? FindRepeated(JsonElement json)
    {
        if (json.ValueKind == JsonValueKind.Object)
        {
            HashSet<string> keys = new(json.GetPropertyCount(), StringComparer.Ordinal);
            foreach (JsonProperty property in json.EnumerateObject())
            {
                if (!keys.Add(property.Name))
                    return property.Name;
                if (FindRepeated(property.Value) is { } inside)
                    return inside;
            }
        }
        else if (json.ValueKind == JsonValueKind.Array)
        {
            foreach (JsonElement element in json.EnumerateArray())
            {
                if (FindRepeated(element) is { } inside)
                    return inside;
            }
        }

        return null;
    }
}
