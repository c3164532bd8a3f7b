using System.Text;
using MiniGpt.Model.Tokenizers;

namespace MiniGpt.Model.Formats.Gguf;

/// <summary>
/// GPT-2's byte-level vocabulary in the keys of a GGUF file. A character tokenizer has this form where each of its characters is one byte:
/// without merges, every byte is a token.
/// </summary>
internal static class GgufTokenizer
{
    public const string BeginKey = "tokenizer.ggml.bos_token_id";
    public const string EndKey = "tokenizer.ggml.eos_token_id";

    /// <summary>The id that llama.cpp takes for the begin and the end of a text where a file does not name them.</summary>
    public const int AssumedEnd = 11;

    private const string ModelKey = "tokenizer.ggml.model";
    private const string SplitKey = "tokenizer.ggml.pre";
    private const string TokensKey = "tokenizer.ggml.tokens";
    private const string TypesKey = "tokenizer.ggml.token_type";
    private const string MergesKey = "tokenizer.ggml.merges";

    private const string Model = "gpt2";
    private const string NoModel = "none";
    private const string Split = "gpt-2";

    private const int Normal = 1;
    private const int Control = 3;
    private const int UserDefined = 4;
    private const int Unused = 5; // fills a vocabulary up to the rows of the model's embedding

    /// <summary>The keys that are read and written here.</summary>
    public static IReadOnlyList<string> Keys { get; } = [BeginKey, EndKey, ModelKey, SplitKey, TokensKey, TypesKey, MergesKey];

    /// <summary>Reads the tokenizer; null where the file has none.</summary>
    /// <exception cref="FileFormatException">
    /// It is of another kind, has more tokens than the model, a token is there twice, or a merge names a token that is not there.
    /// </exception>
    public static ITokenizer? Read(string path, GgufMetadata metadata, int vocabularySize, UnknownCharacter unknown)
    {
        if (metadata.OptionalText(ModelKey) is not string model || model == NoModel)
            return null;
        if (model != Model || metadata.OptionalText(SplitKey) is not (null or Split))
        {
            throw new FileFormatException(path,
                $"the tokenizer '{model}' that splits as '{metadata.OptionalText(SplitKey)}' found, '{Model}' as '{Split}' expected");
        }

        string[] tokens = metadata.OptionalTexts(TokensKey)
            ?? throw new FileFormatException(path, $"there is no key {TokensKey}, an array of strings expected");
        int[] types = metadata.OptionalIntegers(TypesKey) ?? [.. Enumerable.Repeat(Normal, tokens.Length)];
        if (types.Length != tokens.Length || tokens.Length > vocabularySize)
        {
            throw new FileFormatException(path,
                $"{tokens.Length} tokens with {types.Length} types found, at most the {vocabularySize} of the model's vocabulary expected");
        }
        int used = types.Length;
        while (used > 0 && types[used - 1] == Unused)
            used--;
        int strange = Array.FindIndex(types, 0, used, type => type is not (Normal or Control or UserDefined));
        if (strange >= 0)
        {
            throw new FileFormatException(path,
                $"token {strange} has the type {types[strange]}, {Normal}, {Control} or {UserDefined} expected");
        }

        HashSet<int> special = [.. Enumerable.Range(0, used).Where(id => types[id] != Normal)];
        string[] merges = metadata.OptionalTexts(MergesKey) ?? [];
        try
        {
            if (merges.Length == 0 && special.Count == 0 && CharactersOf(tokens.AsSpan(0, used)) is Rune[] characters)
                return new CharacterTokenizer(characters, unknown);
            return BytePairTokenizer.FromAlphabet(tokens[..used], [.. merges.Select(Pair)], special);
        }
        catch (ArgumentException error)
        {
            throw new FileFormatException(path, error.Message, error);
        }
    }

    /// <summary>Writes a tokenizer, filled up to the size of the model's vocabulary.</summary>
    /// <exception cref="ArgumentException">It has no such form; one line says why.</exception>
    public static void Write(GgufWriter writer, ITokenizer? tokenizer, int vocabularySize)
    {
        if (tokenizer is null)
        {
            writer.Add(ModelKey, NoModel);
            return;
        }

        string[] tokens = new string[vocabularySize];
        int[] types = new int[vocabularySize];
        for (int id = 0; id < vocabularySize; id++)
            (tokens[id], types[id]) = id < tokenizer.VocabularySize ? TokenOf(tokenizer, id) : ($"[PAD{id}]", Unused);
        IReadOnlyList<BytePairMerge> merges = tokenizer is BytePairTokenizer pairs ? pairs.Merges : [];
        writer.Add(ModelKey, Model);
        writer.Add(SplitKey, Split);
        writer.Add(TokensKey, tokens);
        writer.Add(TypesKey, types);
        writer.Add(MergesKey, [.. merges.Select(merge => $"{tokens[merge.Left]} {tokens[merge.Right]}")]);
    }

    private static (string Token, int Type) TokenOf(ITokenizer tokenizer, int id) => tokenizer switch
    {
        BytePairTokenizer pairs => (pairs.AlphabetText(id), pairs.IsSpecial(id) ? Control : Normal),
        CharacterTokenizer characters when characters.TokenBytes(id) is [byte value] => (ByteAlphabet.ToText([value]), Normal),
        CharacterTokenizer characters => throw new ArgumentException(
            $"the character '{characters.TokenText(id)}' is {characters.TokenBytes(id).Length} bytes in UTF-8: "
            + "GGUF knows vocabularies of bytes, so that a character tokenizer fits in only where each character is one byte"),
        _ => throw new ArgumentException(
            $"a tokenizer of the kind '{tokenizer.Kind}' has no GGUF form, only byte-level BPE and characters of one byte have"),
    };

    /// <summary>The characters of a vocabulary in which every token is one of ASCII; null where it is another one.</summary>
    private static Rune[]? CharactersOf(ReadOnlySpan<string> tokens)
    {
        Rune[] characters = new Rune[tokens.Length];
        for (int id = 0; id < tokens.Length; id++)
        {
            if (!ByteAlphabet.TryToBytes(tokens[id], out byte[] bytes) || bytes is not [< 0x80])
                return null;
            characters[id] = new Rune(bytes[0]);
        }
        return characters;
    }

    private static (string Left, string Right) Pair(string merge, int rank) => merge.Split(' ') is [{ Length: > 0 } left, { Length: > 0 } right]
        ? (left, right)
        : throw new ArgumentException($"merge {rank} is \"{merge}\", two tokens with a space between them expected");
}
