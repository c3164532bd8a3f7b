using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using MiniGpt.Model.Formats;

namespace MiniGpt.Model.Tokenizers;

/// <summary>
/// tokenizer.json of the Hugging Face tokenizers library. A character tokenizer is written as a BPE model without merges,
/// with a pre-tokenizer that splits every character and a decoder that joins them.
/// </summary>
public static class TokenizerJson
{
    /// <summary>Reads a tokenizer.</summary>
    /// <param name="path">The file.</param>
    /// <param name="unknown">What the tokenizer does with characters that it does not know. The file does not say.</param>
    /// <exception cref="FileFormatException">
    /// It is no tokenizer.json, it is no character tokenizer, or its ids are not each of 0 to V - 1 once.
    /// </exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static ITokenizer Read(string path, UnknownCharacter unknown = UnknownCharacter.Error) => JsonFile.Read(path, root =>
    {
        JsonFields fields = new(path, root);
        JsonFields model = new(path, fields.Object("model"));
        if (model.Text("type") is var type and not "BPE")
            throw new FileFormatException(path, $"a model of type {type} found, BPE expected");
        if (!model.IsEmpty("merges"))
            throw new FileFormatException(path, "a BPE model with merges found, a character tokenizer (no merges) expected");
        CheckSteps(path, fields);
        return new CharacterTokenizer(ReadVocabulary(path, model.Object("vocab")), unknown);
    });

    /// <summary>Writes a character tokenizer.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(string path, CharacterTokenizer tokenizer) => JsonFile.Write(path, ToJson(tokenizer));

    /// <summary>The content of the file.</summary>
    /// <exception cref="ArgumentException">Tokenizers of this type have no such file.</exception>
    internal static JsonObject ToJson(ITokenizer tokenizer)
    {
        Require.That(tokenizer is CharacterTokenizer, $"a {tokenizer.GetType().Name} cannot be written as tokenizer.json");
        JsonObject vocabulary = [];
        for (int id = 0; id < tokenizer.VocabularySize; id++)
            vocabulary[tokenizer.TokenText(id)] = id;
        return new JsonObject
        {
            ["version"] = "1.0",
            ["truncation"] = null,
            ["padding"] = null,
            ["added_tokens"] = new JsonArray(),
            ["normalizer"] = null,
            ["pre_tokenizer"] = new JsonObject
            {
                ["type"] = "Split",
                ["pattern"] = new JsonObject { ["Regex"] = @"[\s\S]" },
                ["behavior"] = "Isolated",
                ["invert"] = false,
            },
            ["post_processor"] = null,
            ["decoder"] = new JsonObject { ["type"] = "Fuse" },
            ["model"] = new JsonObject
            {
                ["type"] = "BPE",
                ["dropout"] = null,
                ["unk_token"] = null,
                ["continuing_subword_prefix"] = null,
                ["end_of_word_suffix"] = null,
                ["fuse_unk"] = false,
                ["byte_fallback"] = false,
                ["ignore_merges"] = false,
                ["vocab"] = vocabulary,
                ["merges"] = new JsonArray(),
            },
        };
    }

    /// <summary>Every step round the model must leave the characters as they are.</summary>
    private static void CheckSteps(string path, JsonFields fields)
    {
        foreach (string key in (string[])["normalizer", "post_processor", "added_tokens"])
        {
            if (!fields.IsEmpty(key))
                throw new FileFormatException(path, $"a {key} found, none expected of a character tokenizer");
        }
        JsonFields split = new(path, fields.Object("pre_tokenizer"));
        if (split.Text("type") != "Split" || split.Text("behavior") != "Isolated")
            throw new FileFormatException(path, $"pre_tokenizer {split} found, Split with the behavior Isolated expected");
        JsonFields decoder = new(path, fields.Object("decoder"));
        if (decoder.Text("type") != "Fuse")
            throw new FileFormatException(path, $"decoder {decoder} found, Fuse expected");
    }

    private static Rune[] ReadVocabulary(string path, JsonElement json)
    {
        Rune?[] characters = new Rune?[json.GetPropertyCount()];
        if (characters.Length == 0)
            throw new FileFormatException(path, "an empty vocabulary found, at least one character expected");
        foreach (JsonProperty token in json.EnumerateObject())
        {
            Rune.DecodeFromUtf16(token.Name, out Rune character, out int length);
            if (length == 0 || length != token.Name.Length)
                throw new FileFormatException(path, $"token \"{token.Name}\" found, one character expected");
            if (token.Value.ValueKind != JsonValueKind.Number || !token.Value.TryGetInt32(out int id)
                || id < 0 || id >= characters.Length)
            {
                throw new FileFormatException(path,
                    $"token \"{token.Name}\" has the id {token.Value.GetRawText()}, a whole number from 0 to {characters.Length - 1} expected");
            }
            if (characters[id] is Rune other)
                throw new FileFormatException(path, $"tokens \"{other}\" and \"{token.Name}\" have the same id {id}");
            characters[id] = character;
        }
        // As many ids as places, each in range and none twice: every place is taken.
        return Array.ConvertAll(characters, character => character!.Value);
    }
}
