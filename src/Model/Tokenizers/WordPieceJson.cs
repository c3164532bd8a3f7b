using System.Text.Json.Nodes;
using MiniGpt.Model.Files;

namespace MiniGpt.Model.Tokenizers;

/// <summary>BERT's WordPiece as tokenizer.json, and as vocab.txt with one piece a line.</summary>
internal static class WordPieceJson
{
    public static WordPieceTokenizer Read(string path, JsonFields fields, JsonFields model)
    {
        if (!model.IsEmpty("continuing_subword_prefix") && model.Text("continuing_subword_prefix") != WordPieceTokenizer.Continuing)
            throw new FileFormatException(path, $"continuing_subword_prefix \"{model.Text("continuing_subword_prefix")}\" found, \"{WordPieceTokenizer.Continuing}\" expected");
        JsonFields[] splits = [.. PreTokenizerJson.Flatten(path, fields, "pre_tokenizer", "pretokenizers")];
        if (splits is not [var split] || split.Text("type") != "BertPreTokenizer")
            throw new FileFormatException(path, $"pre_tokenizer {(splits.Length > 0 ? splits[0] : "null")} found, BertPreTokenizer expected of a WordPiece model");
        if (!fields.IsEmpty("decoder") && new JsonFields(path, fields.Object("decoder")) is var decoder && decoder.Text("type") != "WordPiece")
            throw new FileFormatException(path, $"decoder {decoder} found, WordPiece expected of a WordPiece model");
        BertText text = ReadText(path, fields);
        List<AddedToken> added = AddedTokensJson.Read(path, fields, changesText: true);
        string[] pieces = VocabularyJson.Read(path, model.Object("vocab"), [.. added.Select(token => (token.Text, token.Id))]);
        string unknown = model.IsEmpty("unk_token") ? WordPieceTokenizer.Unknown : model.Text("unk_token");
        int longest = model.OptionalInteger("max_input_chars_per_word") ?? 100;
        return JsonFile.Refusing(path, () => new WordPieceTokenizer(
            pieces, added.Select(token => token.Id).ToHashSet(), text, AddedTokensJson.ReadEnds(path, fields), unknown, longest));
    }

    public static JsonObject ToJson(WordPieceTokenizer tokenizer)
    {
        JsonObject vocabulary = [];
        for (int id = 0; id < tokenizer.VocabularySize; id++)
            vocabulary[tokenizer.TokenText(id)] = id;
        JsonObject model = new()
        {
            ["type"] = "WordPiece",
            ["unk_token"] = tokenizer.UnknownText,
            ["continuing_subword_prefix"] = WordPieceTokenizer.Continuing,
            ["max_input_chars_per_word"] = tokenizer.LongestWord,
            ["vocab"] = vocabulary,
        };
        JsonObject file = TokenizerJson.File(
            model,
            AddedTokensJson.ToJson(tokenizer.SpecialIds.Select(id => new AddedToken(tokenizer.TokenText(id), id, IsControl: true))),
            new JsonObject { ["type"] = "BertPreTokenizer" },
            AddedTokensJson.Template(tokenizer.Ends, tokenizer.TokenText),
            new JsonObject { ["type"] = "WordPiece", ["prefix"] = WordPieceTokenizer.Continuing, ["cleanup"] = false });
        file["normalizer"] = new JsonObject
        {
            ["type"] = "BertNormalizer",
            ["clean_text"] = tokenizer.Text.Cleans,
            ["handle_chinese_chars"] = tokenizer.Text.SeparatesChinese,
            ["strip_accents"] = tokenizer.Text.StripsAccents,
            ["lowercase"] = tokenizer.Text.LowersCase,
        };
        return file;
    }

    /// <summary>Reads vocab.txt. It does not say whether cases count: they do where a piece has a capital letter.</summary>
    /// <exception cref="FileFormatException">There is no piece, an empty one, or one twice.</exception>
    public static WordPieceTokenizer ReadVocabulary(string path)
    {
        List<string> pieces = [.. File.ReadLines(path)];
        return JsonFile.Refusing(path, () => FromPieces(pieces));
    }

    /// <summary>A tokenizer with BERT's special tokens, as far as they are there.</summary>
    public static WordPieceTokenizer FromPieces(IReadOnlyList<string> pieces)
    {
        HashSet<int> special = [.. Enumerable.Range(0, pieces.Count).Where(id => WordPieceTokenizer.SpecialNames.Contains(pieces[id]))];
        bool isCased = pieces.Where((piece, id) => !special.Contains(id)).Any(piece => piece.Any(char.IsUpper));
        TextEnds ends = new([.. IdOf("[CLS]")], [.. IdOf("[SEP]")]);
        return new WordPieceTokenizer(pieces, special, isCased ? BertText.Cased : BertText.Uncased, ends);

        IEnumerable<int> IdOf(string token) => special.Where(id => pieces[id] == token);
    }

    private static BertText ReadText(string path, JsonFields fields)
    {
        JsonFields[] steps = [.. PreTokenizerJson.Flatten(path, fields, "normalizer", "normalizers")];
        if (steps.Length == 0)
            return new BertText { Cleans = false, SeparatesChinese = false };
        if (steps is not [var step] || step.Text("type") != "BertNormalizer")
            throw new FileFormatException(path, $"normalizer {steps[^1]} found, BertNormalizer expected of a WordPiece model");
        bool lowers = step.Flag("lowercase", missing: true);
        return new BertText
        {
            Cleans = step.Flag("clean_text", missing: true),
            SeparatesChinese = step.Flag("handle_chinese_chars", missing: true),
            StripsAccents = step.IsEmpty("strip_accents") ? lowers : step.Flag("strip_accents", missing: lowers),
            LowersCase = lowers,
        };
    }
}
