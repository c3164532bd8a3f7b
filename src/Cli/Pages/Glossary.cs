using System.Text.RegularExpressions;

namespace MiniGpt.Cli.Pages;

/// <summary>Words that pages explain, as docs/glossary.md and docs/glossary.ja.md have them: one place for what a word means.</summary>
internal static partial class Glossary
{
    private const int Cells = 2;

    /// <summary>The rows of the glossary of a language, in their order.</summary>
    /// <param name="language">The code of the language.</param>
    public static IReadOnlyList<GlossaryRow> Of(string language) =>
    [
        .. Page.Resource($"Glossary.{language}.md").Split('\n')
            .Where(line => line.StartsWith("| ", StringComparison.Ordinal))
            .Select(line => Bar().Split(line.Trim()).Where(cell => cell.Trim().Length > 0).Select(cell => cell.Trim()).ToArray())
            .Where(cells => cells.Length == Cells && cells is not (["word", "means"] or ["言葉", "意味"]))
            .Select(cells => new GlossaryRow(WordsOf(cells[0]), cells[1].Replace("*", "", StringComparison.Ordinal))),
    ];

    /// <summary>What a cell names, one after the other: neither what is code nor the English beside a Japanese word.</summary>
    private static string[] WordsOf(string cell) =>
        [.. Aside().Replace(cell, "").Split([',', '、']).Select(word => word.Trim()).Where(word => word.Length > 0)];

    [GeneratedRegex(@"(?<!\\)\|")]
    private static partial Regex Bar();

    [GeneratedRegex(@"\([^)]*\)|`[^`]*`")]
    private static partial Regex Aside();
}

/// <summary>A row of the glossary.</summary>
/// <param name="Words">The words, which mean the same or belong together.</param>
/// <param name="Meaning">What they mean.</param>
internal sealed record GlossaryRow(string[] Words, string Meaning);
