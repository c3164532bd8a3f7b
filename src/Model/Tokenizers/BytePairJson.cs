using System.Text.Json;
using System.Text.Json.Nodes;
using MiniGpt.Model.Files;

namespace MiniGpt.Model.Tokenizers;

/// <summary>A byte-level BPE as tokenizer.json: tokens in <see cref="ByteAlphabet"/>, and the special ones as added tokens.</summary>
internal static class BytePairJson
{
    public static JsonObject ToJson(BytePairTokenizer tokenizer)
    {
        BytePairOptions options = tokenizer.Options;
        JsonArray added = AddedTokensJson.ToJson(tokenizer.SpecialIds.Select(id => new AddedToken(tokenizer.AlphabetText(id), id, IsControl: true)));
        JsonArray merges = [.. MergesText.LinesOf(tokenizer).Select(line => (JsonNode)line)];
        JsonObject model = Model(Vocabulary(tokenizer), merges);
        model["ignore_merges"] = options.IgnoresMerges;
        JsonObject last = PreTokenizer.ByteLevel(cuts: true);
        if (AddedTokensJson.Template(options.Ends, tokenizer.AlphabetText) is JsonObject template)
            last = new JsonObject { ["type"] = "Sequence", ["processors"] = new JsonArray(last, template) };
        JsonObject file = TokenizerJson.File(
            model, added, options.PreTokenizer.ToJson(options.AddsPrefixSpace), last, PreTokenizer.ByteLevel(cuts: true));
        if (options.Composes)
            file["normalizer"] = new JsonObject { ["type"] = "NFC" };
        return file;
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
        bool composes = PreTokenizerJson.Flatten(path, fields, "normalizer", "normalizers").Any();
        List<AddedToken> added = AddedTokensJson.Read(path, fields, changesText: false);
        string[] tokens = VocabularyJson.Read(path, model.Object("vocab"), [.. added.Select(token => (token.Text, token.Id))]);
        List<(string, string)> merges = ReadMerges(path, model);
        BytePairOptions options = new()
        {
            PreTokenizer = PreTokenizerJson.Read(path, fields, out bool prefixSpace),
            AddsPrefixSpace = prefixSpace,
            IgnoresMerges = model.Flag("ignore_merges", missing: false),
            Composes = composes,
            Ends = AddedTokensJson.ReadEnds(path, fields),
        };
        return JsonFile.Refusing(path, () => BytePairTokenizer.FromAlphabet(tokens, merges, added.Select(token => token.Id).ToHashSet(), options));
    }

    private static void CheckSteps(string path, JsonFields fields, JsonFields model)
    {
        foreach (JsonFields step in PreTokenizerJson.Flatten(path, fields, "normalizer", "normalizers"))
        {
            if (step.Text("type") != "NFC")
                throw new FileFormatException(path, $"normalizer {step} found, none or NFC expected of a byte-level BPE");
        }
        JsonFields[] decoders = [.. PreTokenizerJson.Flatten(path, fields, "decoder", "decoders")];
        if (decoders is not [var decoder] || decoder.Text("type") != "ByteLevel")
            throw new FileFormatException(path, $"decoder {(decoders.Length > 0 ? decoders[0] : "null")} found, ByteLevel expected");
        foreach (string key in (string[])["continuing_subword_prefix", "end_of_word_suffix"])
        {
            if (!model.IsEmpty(key) && model.Text(key).Length > 0)
                throw new FileFormatException(path, $"{key} \"{model.Text(key)}\" found, none expected of a byte-level BPE");
        }
        if (model.Flag("byte_fallback", missing: false))
            throw new FileFormatException(path, "byte_fallback true found, false expected of a byte-level BPE");
        RequireNoDropout(path, model);
    }

    /// <summary>Refuses a model that leaves out merges at random.</summary>
    public static void RequireNoDropout(string path, JsonFields model)
    {
        if (!model.IsEmpty("dropout") && model.Number("dropout", missing: 0) != 0)
            throw new FileFormatException(path, $"dropout {model.Number("dropout", missing: 0)} found, none expected");
    }

    /// <summary>The merges, as "a b" or ["a", "b"].</summary>
    public static List<(string Left, string Right)> ReadMerges(string path, JsonFields model)
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
