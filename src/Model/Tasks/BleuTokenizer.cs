using System.Text;
using System.Text.RegularExpressions;

namespace MiniGpt.Model.Tasks;

/// <summary>How BLEU cuts sentences into the tokens that it counts. Scores of different tokenizers cannot be compared.</summary>
public enum BleuTokenizer
{
    /// <summary>Tokens are what stands between spaces.</summary>
    None,

    /// <summary>
    /// The rules of NIST's mteval-v13a, sacreBLEU's default: punctuation of Western languages stands apart, but for points and commas in numbers.
    /// </summary>
    Mteval13a,

    /// <summary>Each character is a token, for languages that are written without spaces.</summary>
    Character,
}

/// <summary>sacreBLEU's tokenizers for BLEU.</summary>
public static partial class BleuTokenizers
{
    /// <summary>The tokenizer that sacreBLEU calls by a name: none, 13a or char.</summary>
    /// <exception cref="ArgumentException">No such tokenizer is available; ja-mecab, for one, needs the dictionaries of MeCab.</exception>
    public static BleuTokenizer FromName(string name) => name switch
    {
        "none" => BleuTokenizer.None,
        "13a" => BleuTokenizer.Mteval13a,
        "char" => BleuTokenizer.Character,
        "ja-mecab" => throw new ArgumentException("The tokenizer ja-mecab needs the dictionaries of MeCab and is not available; for Japanese there is char."),
        _ => throw new ArgumentException($"There is no tokenizer {name} for BLEU; there are none, 13a and char."),
    };

    /// <summary>sacreBLEU's name of a tokenizer.</summary>
    public static string Name(BleuTokenizer tokenizer) => tokenizer switch
    {
        BleuTokenizer.None => "none",
        BleuTokenizer.Mteval13a => "13a",
        BleuTokenizer.Character => "char",
        _ => throw new ArgumentOutOfRangeException(nameof(tokenizer), tokenizer, "not a tokenizer of BLEU"),
    };

    /// <summary>The tokens of a sentence.</summary>
    public static string[] Tokenize(string sentence, BleuTokenizer tokenizer) => tokenizer switch
    {
        BleuTokenizer.None => Words(sentence),
        BleuTokenizer.Mteval13a => Words(WithSpaces(sentence.TrimEnd())),
        BleuTokenizer.Character => [.. WithoutSpaces(sentence).EnumerateRunes().Select(character => character.ToString())],
        _ => throw new ArgumentOutOfRangeException(nameof(tokenizer), tokenizer, "not a tokenizer of BLEU"),
    };

    /// <summary>A sentence without what separates words.</summary>
    internal static string WithoutSpaces(string sentence) => string.Concat(Words(sentence));

    private static string[] Words(string sentence)
    {
        List<string> words = [];
        StringBuilder word = new();
        foreach (char character in sentence + ' ')
        {
            if (!IsSpace(character))
                word.Append(character);
            else if (word.Length > 0)
            {
                words.Add(word.ToString());
                word.Clear();
            }
        }

        return [.. words];
    }

    /// <summary>Python's idea of space, which sacreBLEU follows: the four separators of ASCII are among it.</summary>
    private static bool IsSpace(char character) => char.IsWhiteSpace(character) || character is >= '\u001C' and <= '\u001F';

    /// <summary>Spaces round what mteval-v13a takes as tokens. Its order matters: what an earlier rule has set apart, a later one finds so.</summary>
    private static string WithSpaces(string sentence)
    {
        string text = sentence.Replace("<skipped>", "", StringComparison.Ordinal).Replace("-\n", "", StringComparison.Ordinal).Replace('\n', ' ')
            .Replace("&quot;", "\"", StringComparison.Ordinal).Replace("&amp;", "&", StringComparison.Ordinal)
            .Replace("&lt;", "<", StringComparison.Ordinal).Replace("&gt;", ">", StringComparison.Ordinal);
        text = Punctuation().Replace($" {text} ", " $0 ");
        text = MarkBehindNoDigit().Replace(text, "$1 $2 ");
        text = MarkBeforeNoDigit().Replace(text, " $1 $2");
        return DashBehindDigit().Replace(text, "$1 - ");
    }

    /// <summary>The punctuation of ASCII but for apostrophe, comma, dash and point.</summary>
    [GeneratedRegex(@"[!""#$%&()*+/:;<=>?@\[\\\]^_`{|}~]")]
    private static partial Regex Punctuation();

    [GeneratedRegex("([^0-9])([.,])")]
    private static partial Regex MarkBehindNoDigit();

    [GeneratedRegex("([.,])([^0-9])")]
    private static partial Regex MarkBeforeNoDigit();

    [GeneratedRegex("([0-9])-")]
    private static partial Regex DashBehindDigit();
}
