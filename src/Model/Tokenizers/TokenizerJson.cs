using System.Text;
using System.Text.Json.Nodes;
using MiniGpt.Model.Files;

namespace MiniGpt.Model.Tokenizers;

/// <summary>
/// tokenizer.json of the Hugging Face tokenizers library. A byte-level BPE is written as that of GPT-2; a character tokenizer as a BPE
/// without merges, with a pre-tokenizer that splits every character; a word tokenizer as a WordLevel model, split at white space. The
/// decoder of the last two joins the tokens as they are.
/// </summary>
public static class TokenizerJson
{
    private const string EveryCharacter = @"[\s\S]";
    private const string WhiteSpace = @"\s+";

    /// <summary>Reads a tokenizer.</summary>
    /// <param name="path">The file.</param>
    /// <param name="unknown">What a character or word tokenizer does with what it does not know. The file does not say.</param>
    /// <exception cref="FileFormatException">
    /// It is no tokenizer.json, or it does more than cut and merge: one line names what. Or its ids are not each of 0 to V - 1 once, or its
    /// merges name tokens that it does not have.
    /// </exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static ITokenizer Read(string path, UnknownCharacter unknown = UnknownCharacter.Error) => JsonFile.Read<ITokenizer>(path, root =>
    {
        JsonFields fields = new(path, root);
        JsonFields model = new(path, fields.Object("model"));
        string[] splits = fields.IsEmpty("pre_tokenizer")
            ? []
            : [new JsonFields(path, fields.Object("pre_tokenizer")).Text("type"), .. PreTokenizerJson.Flatten(path, fields, "pre_tokenizer", "pretokenizers").Select(step => step.Text("type"))];
        return TypeOf(path, model) switch
        {
            "BPE" when splits is ["Split", ..] => ReadCharacters(path, fields, model, unknown),
            "BPE" when splits.Contains("ByteLevel") => BytePairJson.Read(path, fields, model),
            "BPE" => PieceJson.ReadBytePairs(path, fields, model),
            "Unigram" => PieceJson.ReadUnigram(path, fields, model),
            "WordPiece" => WordPieceJson.Read(path, fields, model),
            "WordLevel" when splits is ["Split", ..] => ReadWords(path, fields, model, unknown),
            "WordLevel" => throw new FileFormatException(path, $"pre_tokenizer {string.Join(' ', splits)} found, Split expected of a WordLevel model"),
            string type => throw new FileFormatException(path, $"a model of type {type} found, BPE, Unigram, WordPiece or WordLevel expected"),
        };
    });

    /// <summary>The type of a model. Older files do not name it where it has merges.</summary>
    private static string TypeOf(string path, JsonFields model) => model.IsEmpty("type") && model.Has("merges") ? "BPE" : model.Text("type");

    /// <summary>Writes a tokenizer.</summary>
    /// <exception cref="ArgumentException">Tokenizers of this type have no such file.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(string path, ITokenizer tokenizer) => JsonFile.Write(path, ToJson(tokenizer));

    /// <summary>The content of the file.</summary>
    /// <exception cref="ArgumentException">Tokenizers of this type have no such file.</exception>
    internal static JsonObject ToJson(ITokenizer tokenizer) => tokenizer switch
    {
        BytePairTokenizer bytePair => BytePairJson.ToJson(bytePair),
        SentencePieceTokenizer sentencePiece => PieceJson.ToJson(sentencePiece),
        UnigramTokenizer unigram => PieceJson.ToJson(unigram),
        WordPieceTokenizer wordPiece => WordPieceJson.ToJson(wordPiece),
        CharacterTokenizer => File(BytePairJson.Model(Vocabulary(tokenizer), merges: []), [], PreTokenizer.Split(EveryCharacter), postProcessor: null, Fuse()),
        WordTokenizer => File(WordLevel(Vocabulary(tokenizer)), [], PreTokenizer.Split(WhiteSpace), postProcessor: null, Fuse()),
        _ => throw new ArgumentException($"a {tokenizer.GetType().Name} cannot be written as tokenizer.json"),
    };

    /// <summary>The steps of a file round its model.</summary>
    internal static JsonObject File(
        JsonObject model, JsonArray addedTokens, JsonObject? preTokenizer, JsonObject? postProcessor, JsonObject decoder) => new()
        {
            ["version"] = "1.0",
            ["truncation"] = null,
            ["padding"] = null,
            ["added_tokens"] = addedTokens,
            ["normalizer"] = null,
            ["pre_tokenizer"] = preTokenizer,
            ["post_processor"] = postProcessor,
            ["decoder"] = decoder,
            ["model"] = model,
        };

    /// <summary>Refuses a step that there is and that means something.</summary>
    internal static void RequireEmpty(string path, JsonFields fields, string key)
    {
        if (!fields.IsEmpty(key))
            throw new FileFormatException(path, $"a {key} found, none expected of this tokenizer");
    }

    private static CharacterTokenizer ReadCharacters(
        string path, JsonFields fields, JsonFields model, UnknownCharacter unknown)
    {
        if (!model.IsEmpty("merges"))
            throw new FileFormatException(path, "a BPE model with merges found, a character tokenizer (no merges) expected with this pre_tokenizer");
        CheckSplit(path, fields, EveryCharacter);
        string[] characters = VocabularyJson.Read(path, model.Object("vocab"));
        return new CharacterTokenizer(characters.Select(token =>
        {
            Rune.DecodeFromUtf16(token, out Rune character, out int length);
            return length > 0 && length == token.Length
                ? character
                : throw new FileFormatException(path, $"token \"{token}\" found, one character expected");
        }), unknown);
    }

    private static WordTokenizer ReadWords(
        string path, JsonFields fields, JsonFields model, UnknownCharacter unknown)
    {
        CheckSplit(path, fields, WhiteSpace);
        string[] words = VocabularyJson.Read(path, model.Object("vocab"));
        return JsonFile.Refusing(path, () => new WordTokenizer(words, unknown));
    }

    /// <summary>The steps round the model must leave every character as it is.</summary>
    private static void CheckSplit(string path, JsonFields fields, string pattern)
    {
        JsonFields split = new(path, fields.Object("pre_tokenizer"));
        RequireEmpty(path, fields, "normalizer");
        RequireEmpty(path, fields, "post_processor");
        RequireEmpty(path, fields, "added_tokens");
        JsonFields found = new(path, split.Object("pattern"));
        if (split.Text("behavior") != "Isolated" || split.Flag("invert", missing: false) || found.Text("Regex") != pattern)
            throw new FileFormatException(path, $"pre_tokenizer {split} found, one that isolates {pattern} expected");
        JsonFields decoder = new(path, fields.Object("decoder"));
        if (decoder.Text("type") != "Fuse")
            throw new FileFormatException(path, $"decoder {decoder} found, Fuse expected");
    }

    private static JsonObject Vocabulary(ITokenizer tokenizer)
    {
        JsonObject vocabulary = [];
        for (int id = 0; id < tokenizer.VocabularySize; id++)
            vocabulary[tokenizer.TokenText(id)] = id;
        return vocabulary;
    }

    private static JsonObject WordLevel(JsonObject vocabulary) =>
        new() { ["type"] = "WordLevel", ["vocab"] = vocabulary, ["unk_token"] = "<unk>" };

    private static JsonObject Fuse() => new() { ["type"] = "Fuse" };
}
