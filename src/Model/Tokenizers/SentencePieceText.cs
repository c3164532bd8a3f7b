using System.Buffers;
using System.Text;

namespace MiniGpt.Model.Tokenizers;

/// <summary>What SentencePiece does with a text before it cuts it: characters are replaced, spaces dropped, and one is put before it all.</summary>
internal sealed record SentencePieceText
{
    /// <summary>The characters that are replaced; null for none.</summary>
    public CharacterMap? Map { get; init; }

    /// <summary>Whether a space is put before a text.</summary>
    public bool AddsSpace { get; init; } = true;

    /// <summary>Whether spaces at both ends are dropped, and all but one of several.</summary>
    public bool DropsSpaces { get; init; } = true;

    /// <summary>A text after that. Bytes that are no UTF-8 are U+FFFD.</summary>
    public byte[] Normalize(ReadOnlySpan<byte> text)
    {
        List<byte> normal = new(text.Length + 1);
        if (AddsSpace && !text.IsEmpty)
            normal.Add((byte)' ');
        bool followsSpace = DropsSpaces;
        while (!text.IsEmpty)
        {
            text = text[Next(text, out ReadOnlySpan<byte> written)..];
            if (followsSpace)
                written = written.TrimStart((byte)' ');
            normal.AddRange(written);
            if (!written.IsEmpty)
                followsSpace = DropsSpaces && written[^1] == ' ';
        }
        while (DropsSpaces && normal.Count > 0 && normal[^1] == ' ') // of a text of spaces alone nothing stays, not even the one before it
            normal.RemoveAt(normal.Count - 1);
        return [.. normal];
    }

    /// <summary>What is written for the next characters, and how many bytes they are.</summary>
    private int Next(ReadOnlySpan<byte> text, out ReadOnlySpan<byte> written)
    {
        if (Map is not null && Map.Longest(text, out written) is var length and > 0)
            return length;
        bool isCharacter = Rune.DecodeFromUtf8(text, out _, out int bytes) == OperationStatus.Done;
        written = isCharacter ? text[..bytes] : "\uFFFD"u8;
        return isCharacter ? bytes : 1;
    }
}
