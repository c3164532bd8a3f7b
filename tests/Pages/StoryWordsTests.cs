using System.Text.RegularExpressions;
using MiniGpt.Tests.Architecture;
using MiniGpt.Tests.Cli;
using Xunit;

namespace MiniGpt.Tests.Pages;

/// <summary>The words of the walk on the page of a decoder, for a reader who has never heard of a transformer: each explained as it comes, and all read in ten minutes.</summary>
public sealed partial class StoryWordsTests(Browser browser) : IClassFixture<Browser>, IDisposable
{
    private const int Steps = 10;
    private const int FewestTerms = 20;
    private const double MostMinutes = 10, SecondsToLookAtAStep = 20;
    private const double WordsAMinute = 150, CharactersAMinute = 350; // of one who learns

    /// <summary>What is said in the walk, piece by piece: the link that a piece is in, whether it is set apart as a word that is explained, and what it stands in.</summary>
    private const string Pieces = """
        (() => {
          const walker = document.createTreeWalker(document.getElementById('section-story'), NodeFilter.SHOW_TEXT), blocks = [], pieces = [];
          while (walker.nextNode()) {
            const node = walker.currentNode, parent = node.parentElement, block = parent.closest('p, h2, h3, caption, th, td, li, span, button');
            if (!block || parent.closest('blockquote, ol.tokens, .mono, .story-bar, .story-dots')) continue;
            if (!blocks.includes(block)) blocks.push(block);
            const link = parent.closest('a.term');
            pieces.push({
              text: node.data, block: blocks.indexOf(block), kind: block.localName, isExplained: parent.closest('dfn') !== null,
              word: link === null ? null : document.querySelector(link.getAttribute('href')).textContent,
            });
          }
          return pieces;
        })()
        """;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("gpt2", "en")]
    [InlineData("gpt2", "ja")]
    [InlineData("llama-tiny", "en")]
    [InlineData("llama-tiny", "ja")]
    public async Task Each_term_of_the_glossary_is_a_link_where_it_first_stands_and_what_is_set_apart_stands_nowhere_before(string model, string language)
    {
        (Piece[] pieces, string text, int[] starts) = await Read(model, language);
        string[][] rows = Rows(language);
        Dictionary<string, string[]> rowOf = rows.SelectMany(row => row.Select(word => (word, row))).ToDictionary(pair => pair.word.ToLowerInvariant(), pair => pair.row);
        HashSet<string> found = [];
        foreach (Match match in PatternOf(rowOf.Keys, language).Matches(text))
        {
            string row = string.Join(", ", rowOf[match.Groups[1].Value.ToLowerInvariant()]);
            if (found.Add(row))
                Assert.True(At(match.Index).Word == row, $"“{match.Value}” is first in “{Around(match.Index)}”, where no link leads to “{row}”");
        }
        Assert.InRange(found.Count, FewestTerms, rows.Length);

        string[] explained = [.. pieces.Where(piece => piece.IsExplained && piece.Text.Length > 0).Select(piece => piece.Text)];
        Assert.InRange(explained.Length, FewestTerms, rows.Length);
        Assert.Equal(explained.Length, explained.Distinct().Count());
        foreach (string word in explained)
        {
            int first = PatternOf([language == "en" ? word.TrimEnd('s') : word], language).Match(text).Index;
            Assert.True(At(first).IsExplained, $"“{word}” is used before it is explained, in “{Around(first)}”");
        }

        Piece At(int index) => pieces[Array.FindLastIndex(starts, start => start <= index)];
        string Around(int index) => text[Math.Max(0, index - 40)..Math.Min(text.Length, index + 40)];
    }

    [Theory]
    [InlineData("gpt2", "en")]
    [InlineData("gpt2", "ja")]
    [InlineData("llama-tiny", "en")]
    [InlineData("llama-tiny", "ja")]
    public async Task It_is_read_in_less_than_ten_minutes(string model, string language)
    {
        (Piece[] pieces, _, _) = await Read(model, language);
        string read = string.Join("\n", pieces.GroupBy(piece => piece.Block).Where(block => block.First().Kind is "p" or "h2" or "h3" or "caption").Select(block => string.Concat(block.Select(piece => piece.Text))));
        double minutes = language == "en" ? Word().Count(read) / WordsAMinute : read.Count(c => !char.IsWhiteSpace(c)) / CharactersAMinute;
        Assert.InRange(minutes + (Steps * SecondsToLookAtAStep / 60), 1 + (Steps * SecondsToLookAtAStep / 60), MostMinutes - 0.01);
    }

    [Theory]
    [InlineData("en")]
    [InlineData("ja")]
    public async Task Its_sentences_say_the_numbers_of_their_pictures(string language)
    {
        await using OpenPage open = await browser.Open(Explain("gpt2", language));
        string[] scores = await open.Page.EvaluateAsync<string[]>("[...document.querySelectorAll('#story-keys td.extra')].sort((a, b) => b.dataset.value - a.dataset.value).map(cell => cell.textContent)");
        Assert.Contains($" {scores[0]}", await Said(4, "p.said:last-child"), StringComparison.Ordinal);
        string[] weights = await Texts("#story-weights .number");
        Assert.Contains(weights[0], await Said(5, "p.said:last-child"), StringComparison.Ordinal);
        Assert.Contains((await Texts("#story-weights .mono"))[0], await Said(5, "p.said:last-child"), StringComparison.Ordinal);
        string shares = await Said(10, "p.said");
        Assert.Contains((await Texts("#story-choice .number"))[0], shares, StringComparison.Ordinal);
        Assert.Contains((await Texts("#story-choice .mono"))[0], shares, StringComparison.Ordinal);
        Assert.Contains((await Texts("#story-choice .mono")).Length.ToString(System.Globalization.CultureInfo.InvariantCulture), await Said(10, "p:nth-of-type(1)"), StringComparison.Ordinal);
        Assert.Contains(await open.Page.EvaluateAsync<string>("String(minigpt.page.content.generation.temperature)"), await Said(10, "p:nth-of-type(2)"), StringComparison.Ordinal);
        Assert.Contains((await Texts("#story-candidates tbody tr")).Length.ToString(System.Globalization.CultureInfo.InvariantCulture), await Said(9, "#story-candidates caption"), StringComparison.Ordinal);
        Assert.Empty(open.Complaints);

        async Task<string> Said(int step, string what) => await open.Page.Locator($"#story-{step} {what}").First.TextContentAsync() ?? "";
        async Task<string[]> Texts(string what) => [.. await open.Page.Locator(what).AllTextContentsAsync()];
    }

    /// <summary>The words of the walk, as one text in which blocks stand apart, and where each piece begins in it.</summary>
    private async Task<(Piece[] Pieces, string Text, int[] Starts)> Read(string model, string language)
    {
        await using OpenPage open = await browser.Open(Explain(model, language));
        Piece[] pieces = await open.Page.EvaluateAsync<Piece[]>(Pieces);
        Assert.Equal(Steps, pieces.Where(piece => piece.Kind == "h3").Select(piece => piece.Block).Distinct().Count());
        string text = "";
        List<int> starts = [];
        foreach ((int i, Piece piece) in pieces.Index())
        {
            text += i > 0 && piece.Block != pieces[i - 1].Block ? "\n" : "";
            starts.Add(text.Length);
            text += piece.Text;
        }
        return (pieces, text, [.. starts]);
    }

    private string Explain(string name, string language)
    {
        string model = name == "gpt2" ? ExampleModel.Tiny(_folder) : RecordedModels.WithCharacters(_folder, name);
        string text = name == "gpt2" ? ExampleModel.Sentence : RecordedModels.TextOf(5, 9, 33, 9, 14, 5, 40, 21, 9, 60, 2, 17);
        string file = _folder.File("page.html");
        Minigpt.Success(_folder.Root, "explain", "--model", model, "--text", text, "--out", file, "--language", language);
        return file;
    }

    /// <summary>The words of each row of the glossary: neither code nor what stands in brackets.</summary>
    private static string[][] Rows(string language) =>
    [
        .. File.ReadLines(Path.Combine(Sources.FindRoot(), "docs", language == "en" ? "glossary.md" : "glossary.ja.md"))
            .Where(line => line.StartsWith("| ", StringComparison.Ordinal) && !line.StartsWith("| word |", StringComparison.Ordinal) && !line.StartsWith("| 言葉 |", StringComparison.Ordinal))
            .Select(line => Regex.Replace(line[2..line.IndexOf(" | ", StringComparison.Ordinal)], @"\([^)]*\)|`[^`]*`", "").Split([',', '、'], StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)),
    ];

    /// <summary>The longest of the words that stand at a place, in English with an s or without.</summary>
    private static Regex PatternOf(IEnumerable<string> words, string language)
    {
        string any = string.Join('|', words.OrderByDescending(word => word.Length).Select(Regex.Escape));
        return new Regex(language == "en" ? $@"(?<![\w-])({any})s?(?![\w-])" : $"(?<![a-z])({any})(?![a-z])", RegexOptions.IgnoreCase);
    }

    [GeneratedRegex(@"\S*[\p{L}\p{N}]\S*")]
    private static partial Regex Word();

    /// <summary>A piece of what is said.</summary>
    private sealed class Piece
    {
        public string Text { get; set; } = "";

        public int Block { get; set; }

        public string Kind { get; set; } = "";

        public bool IsExplained { get; set; }

        public string? Word { get; set; }
    }
}
