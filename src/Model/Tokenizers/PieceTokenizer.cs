using System.Buffers;
using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace MiniGpt.Model.Tokenizers;

/// <summary>What a token of a SentencePiece vocabulary is, by the numbers that files have.</summary>
internal enum PieceKind
{
    /// <summary>A piece of ordinary text.</summary>
    Normal = 1,

    /// <summary>The token for what the vocabulary cannot say.</summary>
    Unknown = 2,

    /// <summary>A token that no text is made of, as the begin of a text.</summary>
    Control = 3,

    /// <summary>A token that is found in a text as a whole.</summary>
    UserDefined = 4,

    /// <summary>A token that stands for nothing.</summary>
    Unused = 5,

    /// <summary>One byte, for what no piece says.</summary>
    Byte = 6,
}

/// <summary>Where a space is put before ordinary text.</summary>
internal enum PrefixSpace
{
    /// <summary>Nowhere.</summary>
    Never,

    /// <summary>At the beginning of the whole text.</summary>
    First,

    /// <summary>There, and behind each special token.</summary>
    Always,
}

/// <summary>What becomes of the spaces of a text.</summary>
internal sealed record SpaceRule
{
    /// <summary>A space before everything, which decoding leaves out again: what Llama does.</summary>
    public static SpaceRule Llama { get; } = new() { Prefix = PrefixSpace.Always, DropsFirst = true };

    /// <summary>Where a space is put.</summary>
    public PrefixSpace Prefix { get; init; }

    /// <summary>Whether none is put where there is one already.</summary>
    public bool UnlessThere { get; init; }

    /// <summary>Whether no piece has a space but at its beginning, so that every space begins a word.</summary>
    public bool CutsBeforeEach { get; init; }

    /// <summary>Whether decoding leaves out the space that a text begins with.</summary>
    public bool DropsFirst { get; init; }
}

/// <summary>
/// What the tokenizers of the SentencePiece library have in common (Kudo and Richardson 2018): spaces are characters like others, which files
/// write as U+2581; what no piece says is said byte by byte, or is the unknown token.
/// </summary>
public abstract class PieceTokenizer : SubwordTokenizer
{
    /// <summary>How files write a space.</summary>
    private const char WrittenSpace = '\u2581';

    private readonly PieceKind[] _kinds;
    private readonly int[] _byteIds = new int[256];
    private readonly ConcurrentBag<WordEncoder> _encoders = []; // those that no thread uses
    private readonly bool _hasInnerSpace; // a piece in which a space follows something else: then words cannot be told apart

    private protected PieceTokenizer(
        IReadOnlyList<byte[]> pieces, IReadOnlyList<PieceKind> kinds, IEnumerable<int> specialIds, SpaceRule spaces, TextEnds? ends)
        : base(new TokenTable(pieces), specialIds, ends)
    {
        _kinds = [.. kinds];
        Spaces = spaces;
        Array.Fill(_byteIds, -1);
        for (int id = 0; id < _kinds.Length; id++)
        {
            ReadOnlySpan<byte> piece = Tokens[id];
            if (_kinds[id] == PieceKind.Byte)
                _byteIds[piece[0]] = id;
            else if (_kinds[id] == PieceKind.Unknown)
                UnknownId ??= id;
            else if (_kinds[id] == PieceKind.Normal && !IsSpecial(id))
                _hasInnerSpace |= piece.TrimStart((byte)' ').Contains((byte)' ');
        }
    }

    /// <inheritdoc/>
    public override bool DropsFirstSpace => Spaces.DropsFirst;

    /// <summary>What becomes of spaces.</summary>
    internal SpaceRule Spaces { get; }

    /// <summary>The token for what the vocabulary cannot say.</summary>
    internal int? UnknownId { get; }

    /// <summary>Whether there is a token for every byte.</summary>
    internal bool HasAllBytes => !_byteIds.Contains(-1);

    private protected sealed override bool DependsOnBegin => Spaces.Prefix != PrefixSpace.Never;

    /// <summary>What a token is.</summary>
    internal PieceKind KindOf(int id) => _kinds[id];

    /// <summary>A token as files have it.</summary>
    internal string FileText(int id) => _kinds[id] switch
    {
        PieceKind.Byte => $"<0x{Tokens[id][0]:X2}>",
        PieceKind.Normal => Encoding.UTF8.GetString(Tokens[id]).Replace(' ', WrittenSpace),
        _ => Encoding.UTF8.GetString(Tokens[id]),
    };

    /// <summary>The bytes of a token that a file has.</summary>
    internal static byte[] BytesOf(string written, bool isOrdinary) =>
        Encoding.UTF8.GetBytes(isOrdinary ? written.Replace(WrittenSpace, ' ') : written);

    /// <summary>The byte that a token such as &lt;0x0A&gt; names; null where it names none.</summary>
    internal static byte? ByteOf(string written) =>
        written is ['<', '0', 'x', _, _, '>'] && byte.TryParse(written.AsSpan(3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte value)
            ? value
            : null;

    /// <summary>What encodes words on one thread.</summary>
    private protected abstract WordEncoder NewEncoder();

    private protected sealed override void EncodeOrdinary(ReadOnlySpan<byte> part, TextBegin begin, IBufferWriter<int> ids)
    {
        part = WithSpaces(part);
        bool isPrefixed = begin == TextBegin.OfText ? Spaces.Prefix != PrefixSpace.Never : begin == TextBegin.BehindSpecial && Spaces.Prefix == PrefixSpace.Always;
        bool adds = isPrefixed && (!Spaces.UnlessThere || part[0] != ' ');
        if (adds)
            part = (byte[])[(byte)' ', .. part];
        WordEncoder encoder = _encoders.TryTake(out WordEncoder? idle) ? idle : NewEncoder();
        try
        {
            for (int at = 0, length; at < part.Length; at += length)
            {
                length = NextWord(part[at..]);
                ids.Advance(encoder.Encode(part, at, length, ids.GetSpan(length)));
            }
        }
        catch (TextEncodingException error) when (adds)
        {
            throw error.WithoutAddedSpace();
        }
        _encoders.Add(encoder);
    }

    private protected sealed override int LengthOfWholePieces(ReadOnlySpan<byte> text, int reserve)
    {
        if (_hasInnerSpace && !Spaces.CutsBeforeEach)
            return 0;
        int cut = TextCuts.FindLast(text, text.Length - reserve, atLineEnds: false);
        while (cut > 0 && text[..cut].EndsWith("\u2581"u8)) // a space as well
            cut = TextCuts.FindLast(text, cut - 1, atLineEnds: false);
        return cut;
    }

    /// <summary>Writes what stands for a character that no piece says. Returns how many ids they are.</summary>
    /// <param name="text">The word.</param>
    /// <param name="at">Where the character begins.</param>
    /// <param name="length">Its bytes.</param>
    /// <param name="ids">Takes the ids.</param>
    /// <param name="followsUnknown">Whether the last id is the unknown token, which is not said again.</param>
    private protected int WriteUnknown(ReadOnlySpan<byte> text, int at, int length, Span<int> ids, bool followsUnknown)
    {
        ReadOnlySpan<byte> character = text.Slice(at, length);
        int count = 0;
        while (count < length && _byteIds[character[count]] is >= 0 and int id)
            ids[count++] = id;
        if (count == length)
            return count;
        if (UnknownId is not int unknown)
            throw new TextEncodingException($"character '{Encoding.UTF8.GetString(character)}'", text[..at], "is not in the vocabulary");
        if (followsUnknown)
            return 0;
        ids[0] = unknown;
        return 1;
    }

    private protected override void AddTo(IncrementalHash hash)
    {
        hash.AppendData(MemoryMarshal.AsBytes<PieceKind>(_kinds));
        hash.AppendData(MemoryMarshal.AsBytes<int>([.. SpecialIds]));
        hash.AppendData(Encoding.UTF8.GetBytes(Spaces.ToString()));
    }

    /// <summary>The bytes of the first character of a text; 1 where that is no UTF-8.</summary>
    internal static int CharacterLength(ReadOnlySpan<byte> text) =>
        text[0] < 0x80 || Rune.DecodeFromUtf8(text, out _, out int length) != OperationStatus.Done ? 1 : length;

    /// <summary>The length of the first word: pieces never reach from one into the next.</summary>
    private int NextWord(ReadOnlySpan<byte> text)
    {
        if (_hasInnerSpace && !Spaces.CutsBeforeEach)
            return text.Length;
        int spaces = Spaces.CutsBeforeEach ? 1 : Math.Max(0, text.IndexOfAnyExcept((byte)' '));
        int next = text[spaces..].IndexOf((byte)' ');
        return next < 0 || (spaces == 0 && next == 0) ? text.Length : spaces + next;
    }

    /// <summary>A text in which the character that files write for a space is one.</summary>
    internal static ReadOnlySpan<byte> WithSpaces(ReadOnlySpan<byte> text) => text.IndexOf("\u2581"u8) < 0
        ? text
        : Encoding.Latin1.GetBytes(Encoding.Latin1.GetString(text).Replace("\u00E2\u0096\u0081", " ", StringComparison.Ordinal));
}
