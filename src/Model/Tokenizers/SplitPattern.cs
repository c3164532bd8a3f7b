using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace MiniGpt.Model.Tokenizers;

/// <summary>
/// A regular expression of a tokenizer.json, run by .NET's Regex. That sees UTF-16, where a character beyond 16 bits is two: so it is given
/// a text in which one of 16 bits of the same category stands in for each of these. What the two kinds of expressions understand
/// differently is refused.
/// </summary>
internal sealed class SplitPattern
{
    /// <summary>A single match that takes longer is given up: patterns can take time beyond measure.</summary>
    private static readonly TimeSpan s_longestMatch = TimeSpan.FromSeconds(5);

    private static readonly Lazy<char[]> s_standIns = new(FindStandIns);

    private readonly Regex _regex;

    /// <summary>A pattern as a file has it.</summary>
    /// <exception cref="ArgumentException">It is none, or could mean something else here; one line says what.</exception>
    public SplitPattern(string pattern)
    {
        Check(pattern);
        try
        {
            _regex = new Regex(pattern, RegexOptions.CultureInvariant | RegexOptions.Multiline, s_longestMatch);
        }
        catch (ArgumentException error)
        {
            throw new ArgumentException($"the pattern {pattern} found, one that .NET's Regex knows expected: {error.Message}", error);
        }
    }

    /// <summary>A text in which every character is one of UTF-16; a byte that is no UTF-8 is U+FFFD.</summary>
    /// <param name="text">The text in UTF-8.</param>
    /// <param name="starts">The byte at which each character begins, and the length of the text behind the last.</param>
    public static string Flatten(ReadOnlySpan<byte> text, out int[] starts)
    {
        StringBuilder characters = new(text.Length);
        List<int> places = new(text.Length + 1);
        for (int at = 0; at < text.Length;)
        {
            places.Add(at);
            bool isCharacter = Rune.DecodeFromUtf8(text[at..], out Rune character, out int length) == OperationStatus.Done;
            characters.Append(character.IsBmp ? (char)character.Value : s_standIns.Value[(int)Rune.GetUnicodeCategory(character)]);
            at += isCharacter ? length : 1;
        }
        places.Add(text.Length);
        starts = [.. places];
        return characters.ToString();
    }

    /// <summary>Where the pattern matches in a part of a text, as if there were nothing else; matches of nothing left out.</summary>
    /// <exception cref="TextEncodingException">A match takes too long.</exception>
    public IEnumerable<(int Start, int End)> Matches(string text, int start, int end)
    {
        string part = start == 0 && end == text.Length ? text : text[start..end];
        Match match = Step(() => _regex.Match(part));
        while (match.Success)
        {
            if (match.Length > 0)
                yield return (start + match.Index, start + match.Index + match.Length);
            Match last = match;
            match = Step(last.NextMatch);
        }

        Match Step(Func<Match> find)
        {
            try
            {
                return find();
            }
            catch (RegexMatchTimeoutException)
            {
                throw new TextEncodingException(
                    "a text", [], $"takes the pattern {_regex} more than {s_longestMatch.TotalSeconds} seconds to cut, a pattern without nested repetitions expected");
            }
        }
    }

    /// <summary>Refuses what the expressions of files mean in another way than .NET's.</summary>
    private static void Check(string pattern)
    {
        bool isInClass = false;
        for (int i = 0; i < pattern.Length; i++)
        {
            char value = pattern[i], next = i + 1 < pattern.Length ? pattern[i + 1] : '\0';
            string? wrong = value switch
            {
                '\\' when next is 'w' or 'W' or 'b' or 'B' or 'h' or 'H' or 'R' or 'X' or 'K' or 'Z' or 'z' or 'A' or 'G' => $"\\{next}",
                '[' when isInClass => "a class inside of a class",
                '&' when isInClass && next == '&' => "&&",
                _ when char.IsSurrogate(value) => "a character beyond 16 bits",
                _ => null,
            };
            Require.That(wrong is null, $"the pattern {pattern} has {wrong}, which is not known to mean the same here");
            if (value == '\\')
                i++;
            else if (value == '[')
                (isInClass, i) = (true, next == '^' ? i + 1 : i);
            else if (value == ']')
                isInClass = false;
        }
    }

    /// <summary>For each category a character of 16 bits that no pattern is likely to name: from scripts between Han and Hangul where there is one.</summary>
    private static char[] FindStandIns()
    {
        char[] found = new char[Enum.GetValues<UnicodeCategory>().Length];
        foreach (int value in Enumerable.Range(0xA490, 0x770).Concat(Enumerable.Range(0x0370, 0xA120)).Concat(Enumerable.Range(0xE000, 0x2000)))
        {
            int category = (int)CharUnicodeInfo.GetUnicodeCategory((char)value);
            if (found[category] == '\0')
                found[category] = (char)value;
        }
        return found;
    }
}
