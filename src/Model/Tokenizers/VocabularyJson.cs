using System.Text.Json;
using MiniGpt.Model.Files;

namespace MiniGpt.Model.Tokenizers;

/// <summary>A vocabulary as JSON: an object from tokens to ids, as vocab.json and tokenizer.json have it.</summary>
internal static class VocabularyJson
{
    /// <summary>The tokens in the order of their ids, which must be each of 0 to V - 1 once.</summary>
    /// <param name="path">The file, for messages.</param>
    /// <param name="vocabulary">The object.</param>
    /// <param name="added">Tokens that stand elsewhere in the file, each with its id, some of them in the object as well.</param>
    /// <exception cref="FileFormatException">The vocabulary is empty, has a hole, or an id that is used twice or is none.</exception>
    public static string[] Read(string path, JsonElement vocabulary, IReadOnlyList<(string Token, int Id)>? added = null)
    {
        HashSet<string> inside = [.. vocabulary.EnumerateObject().Select(token => token.Name)];
        (string Token, int Id)[] outside = [.. (added ?? []).Where(token => !inside.Contains(token.Token))];
        string?[] tokens = new string?[inside.Count + outside.Length];
        if (tokens.Length == 0)
            throw new FileFormatException(path, "an empty vocabulary found, at least one token expected");
        foreach (JsonProperty token in vocabulary.EnumerateObject())
        {
            bool isId = token.Value.ValueKind == JsonValueKind.Number && token.Value.TryGetInt32(out _);
            Place(token.Name, isId ? token.Value.GetInt32() : -1, token.Value.GetRawText());
        }
        foreach ((string token, int id) in outside)
            Place(token, id, $"{id}");
        // As many ids as places, each in range and none twice: every place is taken.
        foreach ((string token, int id) in added ?? [])
        {
            if ((uint)id >= (uint)tokens.Length || tokens[id] != token)
                throw new FileFormatException(path, $"the added token \"{token}\" has the id {id}, its id in the vocabulary expected");
        }
        return tokens!;

        void Place(string token, int id, string written)
        {
            if ((uint)id >= (uint)tokens.Length)
            {
                throw new FileFormatException(path,
                    $"token \"{token}\" has the id {written}, a whole number from 0 to {tokens.Length - 1} expected: there are {tokens.Length} tokens");
            }
            if (tokens[id] is string other)
                throw new FileFormatException(path, $"tokens \"{other}\" and \"{token}\" have the same id {id}");
            tokens[id] = token;
        }
    }
}
