using System.Text.Json;
using System.Text.Json.Nodes;
using MiniGpt.Model.Formats;

namespace MiniGpt.Model.Tokenizers;

/// <summary>A byte-level BPE as tokenizer.json: tokens in <see cref="ByteAlphabet"/>, and the special ones as added tokens.</summary>
internal static class BytePairJson
{
    public static JsonObject ToJson(BytePairTokenizer tokenizer)
    {
        JsonArray added = [.. tokenizer.SpecialIds.Select(id => (JsonNode)new JsonObject
        {
            ["id"] = id,
            ["content"] = tokenizer.AlphabetText(id),
            ["single_word"] = false,
            ["lstrip"] = false,
            ["rstrip"] = false,
            ["normalized"] = false,
            ["special"] = true,
        })];
        JsonArray merges = [.. MergesText.LinesOf(tokenizer).Select(line => (JsonNode)line)];
        return TokenizerJson.File(Model(Vocabulary(tokenizer), merges), added, ByteLevel(), ByteLevel(), ByteLevel());
    }

    /// <summary>The object of vocab.json.</summary>
    public static JsonObject Vocabulary(BytePairTokenizer tokenizer)
    {
        JsonObject vocabulary = [];
        for (int id = 0; id < tokenizer.VocabularySize; id++)
            vocabulary[tokenizer.AlphabetText(id)] = id;
        return vocabulary;
    }

    /// <summary>A model of type BPE.</summary>
    public static JsonObject Model(JsonObject vocabulary, JsonArray merges) => new()
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
        ["merges"] = merges,
    };

    public static BytePairTokenizer Read(string path, JsonFields fields, JsonFields model)
    {
        CheckSteps(path, fields, model);
        List<(string Token, int Id)> special = ReadAdded(path, fields);
        string[] tokens = VocabularyJson.Read(path, model.Object("vocab"), special);
        List<(string, string)> merges = ReadMerges(path, model);
        return JsonFile.Refusing(path, () => BytePairTokenizer.FromAlphabet(tokens, merges, special.Select(token => token.Id).ToHashSet()));
    }

    private static JsonObject ByteLevel() => new()
    {
        ["type"] = "ByteLevel",
        ["add_prefix_space"] = false,
        ["trim_offsets"] = true,
        ["use_regex"] = true,
    };

    private static void CheckSteps(string path, JsonFields fields, JsonFields model)
    {
        JsonFields split = new(path, fields.Object("pre_tokenizer")), decoder = new(path, fields.Object("decoder"));
        if (split.Flag("add_prefix_space", missing: true) || !split.Flag("use_regex", missing: true))
            throw new FileFormatException(path, $"pre_tokenizer {split} found, add_prefix_space false and use_regex true expected");
        if (decoder.Text("type") != "ByteLevel")
            throw new FileFormatException(path, $"decoder {decoder} found, ByteLevel expected");
        if (!fields.IsEmpty("post_processor") && new JsonFields(path, fields.Object("post_processor")) is var last && last.Text("type") != "ByteLevel")
            throw new FileFormatException(path, $"post_processor {last} found, none or ByteLevel expected");
        foreach (string key in (string[])["continuing_subword_prefix", "end_of_word_suffix"])
        {
            if (!model.IsEmpty(key) && model.Text(key).Length > 0)
                throw new FileFormatException(path, $"{key} \"{model.Text(key)}\" found, none expected of a byte-level BPE");
        }
        foreach (string key in (string[])["byte_fallback", "ignore_merges"])
        {
            if (model.Flag(key, missing: false))
                throw new FileFormatException(path, $"{key} true found, false expected");
        }
    }

    private static List<(string Token, int Id)> ReadAdded(string path, JsonFields fields)
    {
        List<(string Token, int Id)> added = [];
        foreach (JsonElement element in fields.OptionalArray("added_tokens"))
        {
            JsonFields token = new(path, element);
            string text = token.Text("content");
            foreach (string key in (string[])["single_word", "lstrip", "rstrip"])
            {
                if (token.Flag(key, missing: false))
                    throw new FileFormatException(path, $"the added token \"{text}\" has {key} true, false expected");
            }
            added.Add((text, token.Integer("id")));
        }
        return added;
    }

    private static List<(string Left, string Right)> ReadMerges(string path, JsonFields model)
    {
        List<(string Left, string Right)> merges = [];
        foreach (JsonElement element in model.OptionalArray("merges"))
        {
            bool isPair = element.ValueKind == JsonValueKind.Array && element.GetArrayLength() == 2
                && element[0].ValueKind == JsonValueKind.String && element[1].ValueKind == JsonValueKind.String;
            (string Left, string Right) merge = isPair ? (element[0].GetString()!, element[1].GetString()!) : default;
            bool isLine = element.ValueKind == JsonValueKind.String && MergesText.TryParse(element.GetString()!, out merge);
            merges.Add(isPair || isLine
                ? merge
                : throw new FileFormatException(path, $"merge {merges.Count} is {element.GetRawText()}, \"a b\" or [\"a\", \"b\"] expected"));
        }
        return merges;
    }
}
