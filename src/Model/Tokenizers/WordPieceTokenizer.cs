using System.Buffers;
using System.Security.Cryptography;
using System.Text;

namespace MiniGpt.Model.Tokenizers;

/// <summary>
/// BERT's WordPiece (Wu et al. 2016; Devlin et al. 2019): words, cut at white space and punctuation, and each of them into the longest pieces
/// that there are, from the left. Pieces inside of a word are written with ## before them. A word that no pieces make is unknown.
/// Text does not come back as it was: cases, accents, white space and what is unknown are lost.
/// </summary>
public sealed class WordPieceTokenizer : SubwordTokenizer
{
    /// <summary>What files write before a piece that stands inside of a word.</summary>
    public const string Continuing = "##";

    /// <summary>The token for words that no pieces make.</summary>
    public const string Unknown = "[UNK]";

    /// <summary>The token that fills up shorter texts of a batch.</summary>
    public const string Padding = "[PAD]";

    /// <summary>The token that stands for what is to be said.</summary>
    public const string Mask = "[MASK]";

    /// <summary>BERT's special tokens in the order of their ids, where a vocabulary is learned.</summary>
    internal static readonly string[] SpecialNames = [Padding, Unknown, "[CLS]", "[SEP]", Mask];

    private readonly string[] _pieces;
    private readonly ByteTrie _first = new();
    private readonly ByteTrie _further = new();
    private readonly int? _unknownId;

    /// <summary>A tokenizer with these pieces.</summary>
    /// <param name="pieces">The pieces as files have them; their places are their ids.</param>
    /// <param name="specialIds">The tokens that are found in a text as a whole.</param>
    /// <param name="text">What is done to a text first.</param>
    /// <param name="ends">The ids round a text.</param>
    /// <param name="unknown">The token for words that no pieces make.</param>
    /// <param name="longestWord">The characters from which on a word counts as unknown are more than these.</param>
    /// <exception cref="ArgumentException">A piece is empty or there twice.</exception>
    internal WordPieceTokenizer(
        IReadOnlyList<string> pieces, IReadOnlySet<int> specialIds, BertText text, TextEnds? ends, string unknown = Unknown, int longestWord = 100)
        : base(new TokenTable([.. pieces.Select((piece, id) => BytesOf(piece, specialIds.Contains(id)))]), specialIds, ends)
    {
        _pieces = [.. pieces];
        Text = text;
        LongestWord = longestWord;
        UnknownText = unknown;
        HashSet<string> seen = [];
        for (int id = 0; id < _pieces.Length; id++)
        {
            string piece = _pieces[id];
            Require.That(seen.Add(piece), $"token {id}, \"{piece}\", is in the vocabulary twice");
            if (piece == unknown)
                _unknownId = id;
            if (IsSpecial(id))
                continue;
            if (IsContinuing(piece))
                _further.Add(Encoding.UTF8.GetBytes(piece[Continuing.Length..]), id);
            _first.Add(Encoding.UTF8.GetBytes(piece), id); // a word can begin with ## as well
        }
    }

    /// <inheritdoc/>
    public override string Kind => "wordpiece";

    /// <inheritdoc/>
    public override bool DropsFirstSpace => true;

    /// <summary>What is done to a text first.</summary>
    internal BertText Text { get; }

    /// <summary>The characters of the longest word that is cut into pieces.</summary>
    internal int LongestWord { get; }

    /// <summary>The text of the unknown token.</summary>
    internal string UnknownText { get; }

    /// <summary>Whether a token stands inside of a word and never at its beginning.</summary>
    public bool IsInsideWord(int id) => !IsSpecial(id) && IsContinuing(_pieces[id]);

    private protected override bool DependsOnBegin => false;

    /// <inheritdoc/>
    public override string TokenText(int id) => (uint)id < (uint)_pieces.Length ? _pieces[id] : base.TokenText(id);

    private protected override int LengthOfWholePieces(ReadOnlySpan<byte> text, int reserve) =>
        TextCuts.FindLast(text, text.Length - reserve, atLineEnds: true);

    private protected override void EncodeOrdinary(ReadOnlySpan<byte> part, TextBegin begin, IBufferWriter<int> ids)
    {
        foreach (string word in BertText.Words(Text.Normalize(Encoding.UTF8.GetString(part))))
        {
            byte[] bytes = Encoding.UTF8.GetBytes(word);
            Span<int> pieces = ids.GetSpan(bytes.Length);
            int count = word.EnumerateRunes().Count() <= LongestWord ? Cut(bytes, pieces) : 0;
            if (count == 0)
            {
                pieces[0] = _unknownId ?? throw new TextEncodingException($"the word \"{word}\"", [], $"is not in the vocabulary, which has no {UnknownText}");
                count = 1;
            }
            ids.Advance(count);
        }
    }

    private protected override void AddTo(IncrementalHash hash)
    {
        foreach (string piece in _pieces)
            hash.AppendData(Encoding.UTF8.GetBytes(piece + "\n"));
        hash.AppendData(Encoding.UTF8.GetBytes($"{Text} {LongestWord} {UnknownText} {string.Join(' ', SpecialIds)}"));
    }

    /// <summary>Writes the pieces of a word, from the left the longest each time. Returns how many they are; 0 where a part has none.</summary>
    private int Cut(ReadOnlySpan<byte> word, Span<int> pieces)
    {
        int count = 0;
        for (int at = 0, length; at < word.Length; at += length)
        {
            length = (at == 0 ? _first : _further).Longest(word[at..], out int id);
            if (length == 0)
                return 0;
            pieces[count++] = id;
        }
        return count;
    }

    private static bool IsContinuing(string piece) => piece.Length > Continuing.Length && piece.StartsWith(Continuing, StringComparison.Ordinal);

    /// <summary>What a token adds to a text: a word a space before it, which decoding leaves out at the beginning.</summary>
    private static byte[] BytesOf(string piece, bool isSpecial)
    {
        Require.That(piece.Length > 0, $"an empty token found, a piece of a word expected");
        return Encoding.UTF8.GetBytes(isSpecial ? piece : IsContinuing(piece) ? piece[Continuing.Length..] : " " + piece);
    }
}
