using System.Text;
using MiniGpt.Model.Files;
using MiniGpt.Model.Tokenizers;

namespace MiniGpt.Model.Formats.Gguf;

/// <summary>
/// Tokenizers in the keys of a GGUF file: byte-level BPE ("gpt2") with the name of its pattern, SentencePiece's BPE by scores ("llama") and
/// its unigram model ("t5"), and WordPiece ("bert"). A character tokenizer has the first form where each of its characters is one byte: without
/// merges, every byte is a token.
/// </summary>
internal static class GgufTokenizer
{
    public const string BeginKey = "tokenizer.ggml.bos_token_id";
    public const string EndKey = "tokenizer.ggml.eos_token_id";

    /// <summary>The id that llama.cpp takes for the begin and the end of a text where a file of byte-level BPE does not name them.</summary>
    public const int AssumedEnd = 11;

    private const string ModelKey = "tokenizer.ggml.model";
    private const string SplitKey = "tokenizer.ggml.pre";
    private const string TokensKey = "tokenizer.ggml.tokens";
    private const string ScoresKey = "tokenizer.ggml.scores";
    private const string TypesKey = "tokenizer.ggml.token_type";
    private const string MergesKey = "tokenizer.ggml.merges";
    private const string UnknownKey = "tokenizer.ggml.unknown_token_id";
    private const string ClsKey = "tokenizer.ggml.cls_token_id";
    private const string SeparatorKey = "tokenizer.ggml.seperator_token_id"; // spelled so
    private const string AddsBeginKey = "tokenizer.ggml.add_bos_token";
    private const string AddsEndKey = "tokenizer.ggml.add_eos_token";
    private const string PrefixSpaceKey = "tokenizer.ggml.add_space_prefix";
    private const string StripsSpacesKey = "tokenizer.ggml.remove_extra_whitespaces";
    private const string CharacterMapKey = "tokenizer.ggml.precompiled_charsmap";

    private const string BytePair = "gpt2";
    private const string SentencePiece = "llama";
    private const string Unigram = "t5";
    private const string WordPiece = "bert";
    private const string NoModel = "none";

    // In WordPiece a word's first piece is written with it, and the others without ##.
    private const char Space = '\u2581';

    /// <summary>The keys that are read and written here.</summary>
    public static IReadOnlyList<string> Keys { get; } =
    [
        BeginKey, EndKey, ModelKey, SplitKey, TokensKey, ScoresKey, TypesKey, MergesKey, UnknownKey, ClsKey, SeparatorKey, AddsBeginKey, AddsEndKey,
        PrefixSpaceKey, StripsSpacesKey, CharacterMapKey,
    ];

    /// <summary>The token that a text begins with where a model's configuration names none.</summary>
    public static int? BeginOf(ITokenizer? tokenizer) => tokenizer?.Ends.Before is [int id, ..] ? id : tokenizer?.EndOfTextId;

    /// <summary>The token that a text ends with where a model's configuration names none.</summary>
    public static int? EndOf(ITokenizer? tokenizer) => tokenizer?.Ends.Behind is [.., int id] ? id : tokenizer?.EndOfTextId;

    /// <summary>Reads the tokenizer of a file, whatever model is in it; null where the file has none.</summary>
    /// <inheritdoc cref="Read"/>
    public static ITokenizer? ReadAlone(string path, UnknownCharacter unknown) => GgufReader.ReadKeys(path, metadata => Read(path, metadata, unknown));

    /// <summary>Reads the tokenizer; null where the file has none. It may have more tokens than the model.</summary>
    /// <exception cref="FileFormatException">
    /// It is of another kind, a token is there twice, or a merge names a token that is not there.
    /// </exception>
    public static ITokenizer? Read(string path, GgufMetadata metadata, UnknownCharacter unknown)
    {
        if (metadata.OptionalText(ModelKey) is not string model || model == NoModel)
            return null;
        if (model is not (BytePair or SentencePiece or Unigram or WordPiece))
            throw new FileFormatException(path, $"the tokenizer '{model}' found, '{BytePair}', '{SentencePiece}', '{Unigram}' or '{WordPiece}' expected");

        string[] tokens = metadata.OptionalTexts(TokensKey)
            ?? throw new FileFormatException(path, $"there is no key {TokensKey}, an array of strings expected");
        int[] types = metadata.OptionalIntegers(TypesKey) ?? [.. Enumerable.Repeat((int)PieceKind.Normal, tokens.Length)];
        if (types.Length != tokens.Length)
            throw new FileFormatException(path, $"{tokens.Length} tokens with {types.Length} types found, a type for each expected");
        int strange = Array.FindIndex(types, type => !Enum.IsDefined((PieceKind)type));
        if (strange >= 0)
            throw new FileFormatException(path, $"token {strange} has the type {types[strange]}, 1 to 6 expected");
        int used = types.Length; // what fills the vocabulary up to the rows of the model's embedding is no token
        while (used > 0 && types[used - 1] == (int)PieceKind.Unused)
            used--;
        Vocabulary vocabulary = new(path, metadata, tokens[..used], [.. types[..used].Select(type => (PieceKind)type)]);
        return JsonFile.Refusing<ITokenizer>(path, () => model switch
        {
            BytePair => ReadBytePair(vocabulary, unknown),
            WordPiece => ReadWordPiece(vocabulary),
            _ => ReadPieces(vocabulary, isUnigram: model == Unigram),
        });
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
        Require.That(tokenizer.VocabularySize <= vocabularySize,
            $"a tokenizer of {tokenizer.VocabularySize} tokens does not go with a model of {vocabularySize}");
        string[] tokens = new string[vocabularySize];
        int[] types = new int[vocabularySize];
        for (int id = 0; id < vocabularySize; id++)
        {
            (tokens[id], PieceKind kind) = id < tokenizer.VocabularySize ? TokenOf(tokenizer, id) : ($"[PAD{id}]", PieceKind.Unused);
            types[id] = (int)kind;
        }
        switch (tokenizer)
        {
            case PieceTokenizer pieces:
                WritePieces(writer, pieces, vocabularySize);
                break;
            case WordPieceTokenizer words:
                WriteWordPiece(writer, words);
                break;
            default:
                IReadOnlyList<BytePairMerge> merges = tokenizer is BytePairTokenizer pairs ? pairs.Merges : [];
                writer.Add(ModelKey, BytePair);
                writer.Add(SplitKey, GgufSplits.NameOf(tokenizer is BytePairTokenizer { Options: var options } ? options : BytePairOptions.Gpt2));
                writer.Add(MergesKey, [.. merges.Select(merge => $"{tokens[merge.Left]} {tokens[merge.Right]}")]);
                break;
        }
        if (tokenizer is not WordPieceTokenizer)
        {
            Require.That(tokenizer.Ends.Before.Count <= 1 && tokenizer.Ends.Behind.Count <= 1,
                $"a tokenizer that puts {tokenizer.Ends.Before.Count} tokens before a text and {tokenizer.Ends.Behind.Count} after it has no GGUF form, at most one each expected");
            writer.Add(AddsBeginKey, tokenizer.Ends.Before.Count == 1);
            writer.Add(AddsEndKey, tokenizer.Ends.Behind.Count == 1);
        }
        writer.Add(TokensKey, tokens);
        writer.Add(TypesKey, types);
    }

    private static Tokenizer ReadBytePair(Vocabulary vocabulary, UnknownCharacter unknown)
    {
        string? split = vocabulary.Metadata.OptionalText(SplitKey);
        BytePairOptions options = GgufSplits.Find(split)
            ?? throw new ArgumentException($"a tokenizer that cuts text as '{split}' does found, one of {GgufSplits.Names} expected");
        string[] merges = vocabulary.Metadata.OptionalTexts(MergesKey) ?? [];
        HashSet<int> special = [.. vocabulary.Special];
        if (merges.Length == 0 && special.Count == 0 && CharactersOf(vocabulary.Tokens) is Rune[] characters)
            return new CharacterTokenizer(characters, unknown);
        TextEnds ends = vocabulary.Ends(addsBegin: options.IgnoresMerges, AssumedEnd, AssumedEnd);
        HashSet<int> unused = [.. vocabulary.Of(PieceKind.Unused)];
        if (ends != TextEnds.None || unused.Count > 0)
            options = options with { Ends = ends, UnusedIds = unused };
        return BytePairTokenizer.FromAlphabet(vocabulary.Tokens, [.. merges.Select(Pair)], special, options);
    }

    private static PieceTokenizer ReadPieces(Vocabulary vocabulary, bool isUnigram)
    {
        if (vocabulary.Metadata.OptionalFlag(StripsSpacesKey) == true)
            throw new ArgumentException($"{StripsSpacesKey} is true, false expected");
        if (vocabulary.Metadata.Length(CharacterMapKey) > 0)
            throw new ArgumentException($"{CharacterMapKey} found, a tokenizer that leaves characters as they are expected");
        float[] scores = vocabulary.Metadata.OptionalNumbers(ScoresKey) ?? throw new ArgumentException($"there is no key {ScoresKey}, an array of floats expected");
        if (scores.Length < vocabulary.Tokens.Length)
            throw new ArgumentException($"{scores.Length} scores of {vocabulary.Tokens.Length} tokens found");
        scores = scores[..vocabulary.Tokens.Length];
        SpaceRule spaces = vocabulary.Metadata.OptionalFlag(PrefixSpaceKey) ?? true ? SpaceRule.Llama : new SpaceRule();
        PieceKind[] kinds = vocabulary.Kinds;
        if (vocabulary.Metadata.OptionalInteger(UnknownKey) is int unknown && (uint)unknown < (uint)kinds.Length)
            kinds[unknown] = PieceKind.Unknown;
        byte[][] pieces = [.. vocabulary.Tokens.Select((token, id) => kinds[id] == PieceKind.Byte
            ? [PieceTokenizer.ByteOf(token) ?? throw new ArgumentException($"token {id}, \"{token}\", has the type of bytes, <0x00> to <0xFF> expected")]
            : PieceTokenizer.BytesOf(token, kinds[id] == PieceKind.Normal))];
        TextEnds ends = vocabulary.Ends(addsBegin: !isUnigram, 1, 2);
        return isUnigram
            ? new UnigramTokenizer(pieces, kinds, [.. scores.Select(score => (double)score)], vocabulary.Special, spaces, ends)
            : SentencePieceTokenizer.FromScores(pieces, kinds, scores, vocabulary.Special, spaces, ends);
    }

    private static WordPieceTokenizer ReadWordPiece(Vocabulary vocabulary)
    {
        HashSet<int> special = [.. vocabulary.Special];
        string[] pieces = [.. vocabulary.Tokens.Select((token, id) =>
            special.Contains(id) ? token : token.StartsWith(Space) ? token[1..] : WordPieceTokenizer.Continuing + token)];
        TextEnds ends = new([.. Named(ClsKey) ?? Named(BeginKey) ?? []], [.. Named(SeparatorKey) ?? Named(EndKey) ?? []]);
        string unknown = Named(UnknownKey) is [int id] ? pieces[id] : WordPieceTokenizer.Unknown;
        return new WordPieceTokenizer(pieces, special, BertText.Uncased, ends, unknown);

        int[]? Named(string key) => vocabulary.Metadata.OptionalInteger(key) is int id && id < pieces.Length ? [id] : null;
    }

    private static void WritePieces(GgufWriter writer, PieceTokenizer tokenizer, int vocabularySize)
    {
        SpaceRule spaces = tokenizer.Spaces;
        bool isCut = spaces.CutsBeforeEach && Enumerable.Range(0, tokenizer.VocabularySize).Any(id =>
            tokenizer.KindOf(id) == PieceKind.Normal && tokenizer.TokenBytes(id).LastIndexOf((byte)' ') > 0);
        Require.That(!isCut && spaces.Prefix != PrefixSpace.First && (spaces.Prefix == PrefixSpace.Never || !spaces.UnlessThere)
            && spaces.DropsFirst == (spaces.Prefix == PrefixSpace.Always),
            $"a tokenizer with the spaces {spaces} has no GGUF form, a space before every text or before none expected");
        float[] scores = tokenizer switch
        {
            UnigramTokenizer unigram => [.. unigram.Scores.Select(score => (float)score)],
            SentencePieceTokenizer pairs => pairs.Scores() ?? throw new ArgumentException(
                "the merges of this tokenizer stand in an order that no scores say, by which GGUF joins pieces"),
            _ => throw new ArgumentException($"a tokenizer of the kind '{tokenizer.Kind}' has no GGUF form"),
        };
        writer.Add(ModelKey, tokenizer is UnigramTokenizer ? Unigram : SentencePiece);
        writer.Add(SplitKey, "default");
        writer.Add(ScoresKey, (float[])[.. scores, .. new float[vocabularySize - scores.Length]]);
        writer.Add(PrefixSpaceKey, spaces.Prefix == PrefixSpace.Always);
        if (tokenizer is UnigramTokenizer)
            writer.Add(StripsSpacesKey, false);
        if (tokenizer.UnknownId is int unknown)
            writer.Add(UnknownKey, unknown);
    }

    private static void WriteWordPiece(GgufWriter writer, WordPieceTokenizer tokenizer)
    {
        Require.That(tokenizer.Text == BertText.Uncased,
            $"a WordPiece tokenizer with {tokenizer.Text} has no GGUF form, where letters always become lower case without accents");
        Require.That(tokenizer.Ends.Before is [_] && tokenizer.Ends.Behind is [_],
            $"a WordPiece tokenizer without [CLS] and [SEP] round a text has no GGUF form");
        writer.Add(ModelKey, WordPiece);
        writer.Add(ClsKey, tokenizer.Ends.Before[0]);
        writer.Add(SeparatorKey, tokenizer.Ends.Behind[0]);
        for (int id = 0; id < tokenizer.VocabularySize; id++)
        {
            if (tokenizer.TokenText(id) == tokenizer.UnknownText)
                writer.Add(UnknownKey, id);
        }
    }

    private static (string Token, PieceKind Kind) TokenOf(ITokenizer tokenizer, int id) => tokenizer switch
    {
        BytePairTokenizer pairs => (pairs.AlphabetText(id),
            pairs.IsSpecial(id) ? PieceKind.Control : pairs.Options.UnusedIds.Contains(id) ? PieceKind.Unused : PieceKind.Normal),
        PieceTokenizer pieces => (pieces.FileText(id), pieces.KindOf(id)),
        WordPieceTokenizer words when words.IsSpecial(id) => (words.TokenText(id), PieceKind.Control),
        WordPieceTokenizer words => (words.TokenText(id).StartsWith(WordPieceTokenizer.Continuing, StringComparison.Ordinal)
            ? words.TokenText(id)[WordPieceTokenizer.Continuing.Length..]
            : Space + words.TokenText(id), PieceKind.Normal),
        CharacterTokenizer characters when characters.TokenBytes(id) is [byte value] => (ByteAlphabet.ToText([value]), PieceKind.Normal),
        CharacterTokenizer characters => throw new ArgumentException(
            $"the character '{characters.TokenText(id)}' is {characters.TokenBytes(id).Length} bytes in UTF-8: "
            + "GGUF knows vocabularies of bytes, so that a character tokenizer fits in only where each character is one byte"),
        _ => throw new ArgumentException(
            $"a tokenizer of the kind '{tokenizer.Kind}' has no GGUF form, only subword tokenizers and characters of one byte have"),
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

    /// <summary>The tokens of a file, without those that only fill its vocabulary up.</summary>
    private sealed record Vocabulary(string Path, GgufMetadata Metadata, string[] Tokens, PieceKind[] Kinds)
    {
        /// <summary>The ids of the tokens that are found in a text as a whole.</summary>
        public IEnumerable<int> Special => Of(PieceKind.Unknown, PieceKind.Control, PieceKind.UserDefined);

        public IEnumerable<int> Of(params PieceKind[] kinds) => Enumerable.Range(0, Kinds.Length).Where(id => kinds.Contains(Kinds[id]));

        /// <summary>The ids round a text.</summary>
        /// <param name="addsBegin">Whether one stands before it where the file does not say.</param>
        /// <param name="begin">That one where the file does not name it.</param>
        /// <param name="end">The one behind it where the file does not name it.</param>
        public TextEnds Ends(bool addsBegin, int begin, int end)
        {
            int[] before = Metadata.OptionalFlag(AddsBeginKey) ?? addsBegin ? [Metadata.OptionalInteger(BeginKey) ?? begin] : [];
            int[] behind = Metadata.OptionalFlag(AddsEndKey) == true ? [Metadata.OptionalInteger(EndKey) ?? end] : [];
            before = [.. before.Where(id => id < Tokens.Length)];
            behind = [.. behind.Where(id => id < Tokens.Length)];
            return before.Length + behind.Length == 0 ? TextEnds.None : new TextEnds(before, behind);
        }
    }
}
