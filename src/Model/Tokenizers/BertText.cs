using System.Globalization;
using System.Text;

namespace MiniGpt.Model.Tokenizers;

/// <summary>How BERT changes a text before it cuts it into words (Devlin et al. 2019, tokenization.py), and how it cuts it.</summary>
internal sealed record BertText
{
    /// <summary>As the models do that make no difference between upper and lower case.</summary>
    public static BertText Uncased { get; } = new() { LowersCase = true, StripsAccents = true };

    /// <summary>As the models do that leave letters as they are.</summary>
    public static BertText Cased { get; } = new();

    /// <summary>Whether control characters are removed, and every white space is a space.</summary>
    public bool Cleans { get; init; } = true;

    /// <summary>Whether a Chinese character is a word of its own.</summary>
    public bool SeparatesChinese { get; init; } = true;

    /// <summary>Whether letters lose their accents.</summary>
    public bool StripsAccents { get; init; }

    /// <summary>Whether letters become lower case.</summary>
    public bool LowersCase { get; init; }

    /// <summary>A text after these changes.</summary>
    public string Normalize(string text)
    {
        StringBuilder changed = new(text.Length);
        foreach (Rune character in text.EnumerateRunes())
        {
            if (Cleans && IsRemoved(character))
                continue;
            if (Cleans && Rune.IsWhiteSpace(character))
                changed.Append(' ');
            else if (SeparatesChinese && IsChinese(character.Value))
                changed.Append(' ').Append(character).Append(' ');
            else
                changed.Append(character);
        }
        return Lowered(Stripped(changed.ToString()));
    }

    /// <summary>The words of a normalised text: what stands between white space, every punctuation mark alone.</summary>
    public static IEnumerable<string> Words(string text)
    {
        int start = 0, at = 0;
        foreach (Rune character in text.EnumerateRunes())
        {
            bool isSpace = Rune.IsWhiteSpace(character), isMark = !isSpace && IsPunctuation(character);
            if ((isSpace || isMark) && at > start)
                yield return text[start..at];
            at += character.Utf16SequenceLength;
            if (isMark)
                yield return character.ToString();
            if (isSpace || isMark)
                start = at;
        }
        if (at > start)
            yield return text[start..];
    }

    private string Stripped(string text)
    {
        if (!StripsAccents)
            return text;
        StringBuilder stripped = new(text.Length);
        foreach (Rune character in UnicodeNormalization.Decompose(text).EnumerateRunes())
        {
            if (Rune.GetUnicodeCategory(character) != UnicodeCategory.NonSpacingMark)
                stripped.Append(character);
        }
        return stripped.ToString();
    }

    // A capital I with a dot is the one letter whose lower case is two characters.
    private string Lowered(string text) => LowersCase ? text.Replace("\u0130", "i\u0307", StringComparison.Ordinal).ToLowerInvariant() : text;

    private static bool IsRemoved(Rune character) => character.Value is 0 or 0xFFFD
        || (character.Value is not ('\t' or '\n' or '\r')
            && Rune.GetUnicodeCategory(character) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse);

    private static bool IsPunctuation(Rune character) =>
        (character.IsAscii && char.IsBetween((char)character.Value, '!', '~') && !Rune.IsLetterOrDigit(character)) || Rune.IsPunctuation(character);

    private static bool IsChinese(int value) => value is >= 0x4E00 and <= 0x9FFF or >= 0x3400 and <= 0x4DBF or >= 0x20000 and <= 0x2A6DF
        or >= 0x2A700 and <= 0x2B73F or >= 0x2B740 and <= 0x2B81F or >= 0x2B820 and <= 0x2CEAF or >= 0xF900 and <= 0xFAFF or >= 0x2F800 and <= 0x2FA1F;
}
