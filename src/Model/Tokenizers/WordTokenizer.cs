using System.Buffers;
using System.Security.Cryptography;
using System.Text;

namespace MiniGpt.Model.Tokenizers;

/// <summary>
/// One token a word, for teaching: a text is cut where white space begins and where it ends, and the white space between two words is a
/// token as well, so that a text comes back as it was.
/// </summary>
public sealed class WordTokenizer : Tokenizer
{
    private readonly Dictionary<byte[], int> _ids = new(BytesComparer.Instance);
    private readonly UnknownCharacter _unknown;

    /// <summary>A tokenizer with these words and white spaces, their ids in this order.</summary>
    /// <exception cref="ArgumentException">There is no word, or one is there twice, is empty, or is both word and white space.</exception>
    public WordTokenizer(IEnumerable<string> words, UnknownCharacter unknown = UnknownCharacter.Error)
        : base(new TokenTable([.. words.Select(Encoding.UTF8.GetBytes)]))
    {
        _unknown = unknown;
        for (int id = 0; id < VocabularySize; id++)
        {
            ReadOnlySpan<byte> word = TokenBytes(id);
            Require.That(NextLength(word) == word.Length, $"token \"{TokenText(id)}\" found, a word or white space expected");
            Require.That(_ids.TryAdd(word.ToArray(), id), $"word \"{TokenText(id)}\" is in the vocabulary twice");
        }
    }

    /// <inheritdoc/>
    public override string Kind => "word";

    /// <summary>A tokenizer with every word and every white space of a text, ids in code-point order.</summary>
    /// <exception cref="ArgumentException">The text is empty.</exception>
    /// <exception cref="TextEncodingException">The text holds half of a surrogate pair.</exception>
    public static WordTokenizer FromText(ReadOnlySpan<char> text, UnknownCharacter unknown = UnknownCharacter.Error)
    {
        WordSet words = Utf8Text.With(text, utf8 =>
        {
            WordSet set = new();
            set.Add(utf8, isFinalBlock: true);
            return set;
        });
        return new WordTokenizer(words.InOrder(), unknown);
    }

    /// <inheritdoc/>
    public override int EncodeUtf8(ReadOnlySpan<byte> text, IBufferWriter<int> ids, bool isFinalBlock, bool isFirstBlock)
    {
        Dictionary<byte[], int>.AlternateLookup<ReadOnlySpan<byte>> lookup = _ids.GetAlternateLookup<ReadOnlySpan<byte>>();
        int at = 0;
        while (at < text.Length)
        {
            int length = NextLength(text[at..]);
            if (at + length == text.Length && !isFinalBlock)
                break; // the word may go on
            ReadOnlySpan<byte> word = Valid(text.Slice(at, length));
            if (lookup.TryGetValue(word, out int id))
            {
                ids.GetSpan(1)[0] = id;
                ids.Advance(1);
            }
            else if (_unknown == UnknownCharacter.Error)
            {
                throw new TextEncodingException(
                    $"the word \"{Encoding.UTF8.GetString(word)}\"", text[..at], "is not in the vocabulary")
                { CouldSkip = true };
            }
            at += length;
        }
        return at;
    }

    /// <summary>The length of the first word or white space of a text.</summary>
    internal static int NextLength(ReadOnlySpan<byte> text)
    {
        bool isSpace = StartsWithSpace(text, out int at);
        while (at < text.Length && StartsWithSpace(text[at..], out int length) == isSpace)
            at += length;
        return at;
    }

    /// <summary>A word with U+FFFD where its bytes are no UTF-8.</summary>
    internal static ReadOnlySpan<byte> Valid(ReadOnlySpan<byte> word) =>
        System.Text.Unicode.Utf8.IsValid(word) ? word : Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(word));

    private protected override void AddTo(IncrementalHash hash) => hash.AppendData([(byte)_unknown]);

    private static bool StartsWithSpace(ReadOnlySpan<byte> text, out int length)
    {
        Rune.DecodeFromUtf8(text, out Rune character, out length);
        return Rune.IsWhiteSpace(character);
    }
}

/// <summary>The different words and white spaces of a text.</summary>
internal sealed class WordSet
{
    private readonly HashSet<byte[]> _words = new(BytesComparer.Instance);

    /// <summary>Adds the words of the next block of a text and returns how many bytes were read.</summary>
    public int Add(ReadOnlySpan<byte> text, bool isFinalBlock)
    {
        HashSet<byte[]>.AlternateLookup<ReadOnlySpan<byte>> words = _words.GetAlternateLookup<ReadOnlySpan<byte>>();
        int at = 0;
        while (at < text.Length)
        {
            int length = WordTokenizer.NextLength(text[at..]);
            if (at + length == text.Length && !isFinalBlock)
                break;
            words.Add(WordTokenizer.Valid(text.Slice(at, length)));
            at += length;
        }
        return at;
    }

    /// <summary>The words in code-point order, which is that of their UTF-8.</summary>
    public IEnumerable<string> InOrder() => _words
        .Order(Comparer<byte[]>.Create((a, b) => a.AsSpan().SequenceCompareTo(b)))
        .Select(Encoding.UTF8.GetString);
}
