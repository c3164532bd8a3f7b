using MiniGpt.Model.Tokenizers;

namespace MiniGpt.Model.Data;

/// <summary>The first words of a text, short enough to be typed again.</summary>
public static class TextBeginning
{
    private const int TokensLookedAt = 64;
    private const int Enough = 24; // characters
    private const string Special = "\"\\$`!\uFFFD"; // what a shell has other uses for between quotes, and no character at all

    /// <summary>
    /// Whole tokens from the beginning of the first line that is not blank, about two dozen characters of it at the most, and whole words where
    /// there are spaces; null where it has none that could stand between quotes on a command line.
    /// </summary>
    /// <param name="tokens">The text.</param>
    /// <param name="tokenizer">What made the tokens.</param>
    public static string? Of(TokenSource tokens, ITokenizer tokenizer)
    {
        int[] ids = new int[Math.Min(TokensLookedAt, tokens.Length)];
        tokens.Read(0, ids);
        string best = "";
        int start = 0;
        while (start < ids.Length && string.IsNullOrWhiteSpace(tokenizer.Decode(ids.AsSpan(start, 1))))
            start++;
        for (int end = start + 1; end <= ids.Length && best.Length < Enough; end++)
        {
            string text = tokenizer.Decode(ids.AsSpan(start, end - start));
            if (text.Any(character => char.IsControl(character) || Special.Contains(character)))
            {
                // A character of several bytes may end with the next token; nothing else does.
                if (text.EndsWith('\uFFFD'))
                    continue;
                break;
            }
            best = text;
        }
        if (best.Length >= Enough && best.LastIndexOf(' ') is > 0 and int space)
            best = best[..space];
        return string.IsNullOrWhiteSpace(best) ? null : best.TrimEnd();
    }
}
