using System.Text.Json;
using System.Text.Json.Nodes;
using MiniGpt.Model.Files;

namespace MiniGpt.Model.Tokenizers;

/// <summary>
/// Vocabularies of SentencePiece as tokenizer.json: byte-pair encoding over characters with a list of merges, and the unigram model. Spaces
/// are U+2581 there, by a normalizer (Llama) or by the pre-tokenizer Metaspace.
/// </summary>
internal static class PieceJson
{
    private const string Space = "\u2581";

    /// <summary>Reads a BPE over characters.</summary>
    public static SentencePieceTokenizer ReadBytePairs(string path, JsonFields fields, JsonFields model)
    {
        foreach (string key in (string[])["continuing_subword_prefix", "end_of_word_suffix"])
        {
            if (!model.IsEmpty(key) && model.Text(key).Length > 0)
                throw new FileFormatException(path, $"{key} \"{model.Text(key)}\" found, none expected of a BPE over characters");
        }
        if (model.Flag("ignore_merges", missing: false))
            throw new FileFormatException(path, "ignore_merges true found, false expected of a BPE over characters");
        BytePairJson.RequireNoDropout(path, model);
        SpaceRule spaces = ReadSpaces(path, fields, out bool changesText);
        List<AddedToken> added = AddedTokensJson.Read(path, fields, changesText);
        string[] tokens = VocabularyJson.Read(path, model.Object("vocab"), [.. added.Select(token => (token.Text, token.Id))]);
        string? unknown = model.IsEmpty("unk_token") ? null : model.Text("unk_token");
        PieceKind[] kinds = KindsOf(tokens, added, unknown is null ? -1 : Array.IndexOf(tokens, unknown), model.Flag("byte_fallback", missing: false));
        Dictionary<string, int> ids = [];
        for (int id = 0; id < tokens.Length; id++)
        {
            if (!ids.TryAdd(tokens[id], id))
                throw new FileFormatException(path, $"token {id}, \"{tokens[id]}\", is token {ids[tokens[id]]} already");
        }
        (int, int)[] merges = [.. BytePairJson.ReadMerges(path, model).Select((merge, rank) => (Known(merge.Left, rank), Known(merge.Right, rank)))];
        return JsonFile.Refusing(path, () => SentencePieceTokenizer.FromMerges(
            BytesOf(tokens, kinds), kinds, merges, added.Select(token => token.Id), spaces, AddedTokensJson.ReadEnds(path, fields)));

        int Known(string token, int rank) => ids.TryGetValue(token, out int id) && kinds[id] == PieceKind.Normal
            ? id
            : throw new FileFormatException(path, $"merge {rank} names \"{token}\", which is not in the vocabulary");
    }

    /// <summary>Reads a unigram model.</summary>
    public static UnigramTokenizer ReadUnigram(string path, JsonFields fields, JsonFields model)
    {
        SpaceRule spaces = ReadSpaces(path, fields, out bool changesText);
        List<AddedToken> added = AddedTokensJson.Read(path, fields, changesText);
        List<string> tokens = [];
        List<double> scores = [];
        foreach (JsonElement element in model.OptionalArray("vocab"))
        {
            bool isPiece = element.ValueKind == JsonValueKind.Array && element.GetArrayLength() == 2 && element[0].ValueKind == JsonValueKind.String
                && element[1].ValueKind == JsonValueKind.Number;
            if (!isPiece)
                throw new FileFormatException(path, $"piece {tokens.Count} is {element.GetRawText()}, [\"piece\", score] expected");
            tokens.Add(element[0].GetString()!);
            scores.Add(element[1].GetDouble());
        }
        foreach (AddedToken token in added.OrderBy(token => token.Id))
        {
            if (token.Id == tokens.Count)
            {
                tokens.Add(token.Text);
                scores.Add(0);
            }
            else if ((uint)token.Id >= (uint)tokens.Count || tokens[token.Id] != token.Text)
                throw new FileFormatException(path, $"the added token \"{token.Text}\" has the id {token.Id}, its id in the vocabulary expected");
        }
        int unknown = model.OptionalInteger("unk_id") ?? -1;
        if (unknown >= tokens.Count)
            throw new FileFormatException(path, $"unk_id is {unknown}, an id below {tokens.Count} expected");
        PieceKind[] kinds = KindsOf([.. tokens], added, unknown, model.Flag("byte_fallback", missing: false));
        return JsonFile.Refusing(path, () => new UnigramTokenizer(
            BytesOf([.. tokens], kinds), kinds, [.. scores], added.Select(token => token.Id), spaces, AddedTokensJson.ReadEnds(path, fields)));
    }

    /// <summary>The content of the file for a BPE over characters.</summary>
    /// <exception cref="ArgumentException">Its scores say what a list of merges cannot.</exception>
    public static JsonObject ToJson(SentencePieceTokenizer tokenizer)
    {
        Require.That(tokenizer.IsList, $"the scores of this tokenizer join pieces in an order that a list of merges cannot have, which tokenizer.json has");
        JsonArray merges = [.. tokenizer.Merges.Select(merge =>
            (JsonNode)new JsonArray(tokenizer.FileText(merge.Left), tokenizer.FileText(merge.Right)))];
        JsonObject vocabulary = [];
        for (int id = 0; id < tokenizer.VocabularySize; id++)
        {
            Require.That(!vocabulary.ContainsKey(tokenizer.FileText(id)), $"token {id}, \"{tokenizer.FileText(id)}\", is there twice");
            vocabulary[tokenizer.FileText(id)] = id;
        }
        JsonObject model = BytePairJson.Model(vocabulary, merges);
        model["unk_token"] = tokenizer.UnknownId is int unknown ? tokenizer.FileText(unknown) : null;
        model["fuse_unk"] = true;
        model["byte_fallback"] = tokenizer.HasAllBytes;
        return File(tokenizer, model);
    }

    /// <summary>The content of the file for a unigram model.</summary>
    public static JsonObject ToJson(UnigramTokenizer tokenizer) => File(tokenizer, new JsonObject
    {
        ["type"] = "Unigram",
        ["unk_id"] = tokenizer.UnknownId,
        ["vocab"] = new JsonArray([.. tokenizer.Scores.Select((score, id) => (JsonNode)new JsonArray(tokenizer.FileText(id), score))]),
        ["byte_fallback"] = tokenizer.HasAllBytes,
    });

    private static JsonObject File(PieceTokenizer tokenizer, JsonObject model)
    {
        SpaceRule spaces = tokenizer.Spaces;
        JsonArray added = AddedTokensJson.ToJson(tokenizer.SpecialIds.Select(
            id => new AddedToken(tokenizer.FileText(id), id, tokenizer.KindOf(id) != PieceKind.UserDefined)));
        JsonObject? ends = AddedTokensJson.Template(tokenizer.Ends, tokenizer.FileText);
        bool isMetaspace = spaces.UnlessThere || spaces.CutsBeforeEach || spaces.Prefix == PrefixSpace.First;
        if (isMetaspace)
        {
            Require.That(spaces.UnlessThere || spaces.Prefix == PrefixSpace.Never,
                $"this tokenizer puts a space before a text that begins with one and takes every space for the begin of a word, which tokenizer.json has no step for");
            return TokenizerJson.File(model, added, Metaspace(spaces.Prefix, spaces.CutsBeforeEach), ends,
                Metaspace(spaces.DropsFirst ? PrefixSpace.Always : PrefixSpace.Never, spaces.CutsBeforeEach));
        }
        JsonObject replace = new() { ["type"] = "Replace", ["pattern"] = new JsonObject { ["String"] = " " }, ["content"] = Space };
        JsonObject back = new() { ["type"] = "Replace", ["pattern"] = new JsonObject { ["String"] = Space }, ["content"] = " " };
        JsonArray decoders = new(back, new JsonObject { ["type"] = "ByteFallback" }, new JsonObject { ["type"] = "Fuse" });
        if (spaces.DropsFirst)
            decoders.Add((JsonNode)new JsonObject { ["type"] = "Strip", ["content"] = " ", ["start"] = 1, ["stop"] = 0 });
        JsonObject file = TokenizerJson.File(model, added, preTokenizer: null, ends, new JsonObject { ["type"] = "Sequence", ["decoders"] = decoders });
        JsonArray normalizers = spaces.Prefix == PrefixSpace.Always
            ? new JsonArray(new JsonObject { ["type"] = "Prepend", ["prepend"] = Space }, replace)
            : new JsonArray(replace);
        file["normalizer"] = new JsonObject { ["type"] = "Sequence", ["normalizers"] = normalizers };
        return file;
    }

    private static JsonObject Metaspace(PrefixSpace prefix, bool cuts) => new()
    {
        ["type"] = "Metaspace",
        ["replacement"] = Space,
        ["prepend_scheme"] = OptionNameOf(prefix),
        ["split"] = cuts,
    };

    private static string OptionNameOf(PrefixSpace prefix) => prefix switch
    {
        PrefixSpace.First => "first",
        PrefixSpace.Always => "always",
        _ => "never",
    };

    private static PieceKind[] KindsOf(string[] tokens, List<AddedToken> added, int unknown, bool hasBytes)
    {
        PieceKind[] kinds = new PieceKind[tokens.Length];
        for (int id = 0; id < kinds.Length; id++)
            kinds[id] = hasBytes && PieceTokenizer.ByteOf(tokens[id]) is not null ? PieceKind.Byte : PieceKind.Normal;
        foreach (AddedToken token in added)
            kinds[token.Id] = token.IsControl ? PieceKind.Control : PieceKind.UserDefined;
        if (unknown >= 0)
            kinds[unknown] = PieceKind.Unknown;
        return kinds;
    }

    private static byte[][] BytesOf(string[] tokens, PieceKind[] kinds) => [.. tokens.Select((token, id) =>
        kinds[id] == PieceKind.Byte ? [PieceTokenizer.ByteOf(token)!.Value] : PieceTokenizer.BytesOf(token, kinds[id] == PieceKind.Normal))];

    /// <summary>Reads what becomes of spaces: from the steps normalizer, pre_tokenizer and decoder.</summary>
    /// <param name="path">The file, for messages.</param>
    /// <param name="fields">The file's object.</param>
    /// <param name="changesText">Whether a normalizer changes the text.</param>
    private static SpaceRule ReadSpaces(string path, JsonFields fields, out bool changesText)
    {
        SpaceRule spaces = new();
        changesText = false;
        bool isReplaced = false;
        foreach (JsonFields step in PreTokenizerJson.Flatten(path, fields, "normalizer", "normalizers"))
        {
            bool isPrepend = step.Text("type") == "Prepend" && step.Text("prepend") == Space;
            bool isReplace = step.Text("type") == "Replace" && step.Text("content") == Space && PatternOf(path, step) == " ";
            if (!isPrepend && !isReplace)
                throw new FileFormatException(path, $"normalizer {step} found, Prepend or Replace to U+2581 expected");
            isReplaced |= isReplace;
            changesText = true;
            if (isPrepend)
                spaces = spaces with { Prefix = PrefixSpace.Always };
        }
        foreach (JsonFields step in PreTokenizerJson.Flatten(path, fields, "pre_tokenizer", "pretokenizers"))
        {
            if (isReplaced && step.Text("type") == "Split" && PatternOf(path, step) == " ")
                continue; // there are no spaces any more
            if (step.Text("type") != "Metaspace" || step.Text("replacement") != Space || isReplaced)
                throw new FileFormatException(path, $"pre_tokenizer {step} found, none or Metaspace with U+2581 expected");
            PrefixSpace prefix = SchemeOf(path, step);
            spaces = new SpaceRule { Prefix = prefix, UnlessThere = prefix != PrefixSpace.Never, CutsBeforeEach = step.Flag("split", missing: true) };
            isReplaced = true;
        }
        if (!isReplaced)
            throw new FileFormatException(path, "no step that makes U+2581 of spaces found, a normalizer Replace or a pre_tokenizer Metaspace expected");
        return spaces with { DropsFirst = DropsFirst(path, fields) };
    }

    private static bool DropsFirst(string path, JsonFields fields)
    {
        bool drops = false, isReplaced = false;
        foreach (JsonFields step in PreTokenizerJson.Flatten(path, fields, "decoder", "decoders"))
        {
            switch (step.Text("type"))
            {
                case "Replace" when step.Text("content") == " " && PatternOf(path, step) == Space:
                    isReplaced = true;
                    break;
                case "ByteFallback" or "Fuse":
                    break;
                case "Strip" when step.Text("content") == " " && step.OptionalInteger("stop") is null or 0:
                    drops = step.OptionalInteger("start") is > 0;
                    break;
                case "Metaspace" when step.Text("replacement") == Space:
                    (isReplaced, drops) = (true, SchemeOf(path, step) != PrefixSpace.Never);
                    break;
                default:
                    throw new FileFormatException(path, $"decoder {step} found, Metaspace, or Replace, ByteFallback, Fuse and Strip expected");
            }
        }
        return isReplaced ? drops : throw new FileFormatException(path, "no decoder that makes spaces of U+2581 found, Replace or Metaspace expected");
    }

    private static PrefixSpace SchemeOf(string path, JsonFields step)
    {
        if (step.IsEmpty("prepend_scheme"))
            return step.Flag("add_prefix_space", missing: true) ? PrefixSpace.Always : PrefixSpace.Never;
        return step.Text("prepend_scheme") switch
        {
            "always" => PrefixSpace.Always,
            "first" => PrefixSpace.First,
            "never" => PrefixSpace.Never,
            string other => throw new FileFormatException(path, $"prepend_scheme is \"{other}\", always, first or never expected"),
        };
    }

    /// <summary>The text that a step looks for; null where it looks for a pattern.</summary>
    private static string? PatternOf(string path, JsonFields step)
    {
        JsonFields pattern = new(path, step.Object("pattern"));
        return pattern.Has("String") ? pattern.Text("String") : null;
    }
}
