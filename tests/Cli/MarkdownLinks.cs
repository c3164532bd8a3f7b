using System.Globalization;
using System.Text.RegularExpressions;

namespace MiniGpt.Tests.Cli;

/// <summary>The links of a Markdown file, and the places in it that others can link to.</summary>
internal static partial class MarkdownLinks
{
    private static readonly string[] s_notOurs = ["bin", "obj", ".git", "node_modules", "runs", "artifacts"];

    /// <summary>The Markdown files below a folder that somebody wrote, or that the API reference is made of.</summary>
    public static IEnumerable<string> Files(string root) =>
        Directory.EnumerateFiles(root, "*.md", SearchOption.AllDirectories)
            .Where(file => !Path.GetRelativePath(root, file).Split(Path.DirectorySeparatorChar).Any(s_notOurs.Contains));

    /// <summary>The links of a file that lead nowhere: to a file that is not there, or to a heading that it has not.</summary>
    public static IEnumerable<string> Broken(string file)
    {
        string text = WithoutCode(File.ReadAllText(file));
        foreach (string link in Link().Matches(text).Select(match => Uri.UnescapeDataString(Escape().Replace(match.Groups["target"].Value, "$1"))).Where(IsOurs))
        {
            string[] parts = link.Split('#', 2);
            string target = parts[0].Length == 0 ? file : Path.Combine(Path.GetDirectoryName(file)!, parts[0]);
            if (!Path.Exists(target))
                yield return $"{link}: no such file";
            else if (parts.Length == 2 && !Anchors(File.ReadAllText(target)).Contains(parts[1]))
                yield return $"{link}: no such heading";
        }
        foreach (Match match in Unresolved().Matches(text))
            yield return match.Value; // what the maker of the API reference did not find
    }

    /// <summary>The names of the headings as GitHub makes them, and those that are set by hand.</summary>
    public static HashSet<string> Anchors(string text)
    {
        HashSet<string> anchors = [.. Named().Matches(text).Select(match => match.Groups[1].Value)];
        foreach (string heading in Heading().Matches(WithoutCode(text, keepsInline: true)).Select(match => LinkText().Replace(match.Groups[1].Value.Trim(), "$1")))
        {
            string name = string.Concat(heading.ToLowerInvariant().Where(IsKept)).Replace(' ', '-');
            string unused = name;
            for (int i = 1; !anchors.Add(unused); i++)
                unused = $"{name}-{i}";
        }
        return anchors;
    }

    private static bool IsOurs(string link) => !link.Contains("://", StringComparison.Ordinal) && !link.StartsWith("mailto:", StringComparison.Ordinal);

    private static bool IsKept(char letter) => letter is ' ' or '-' || char.IsLetterOrDigit(letter)
        || CharUnicodeInfo.GetUnicodeCategory(letter) is UnicodeCategory.ConnectorPunctuation or UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark;

    private static string WithoutCode(string text, bool keepsInline = false)
    {
        text = Block().Replace(text.ReplaceLineEndings("\n"), "");
        return keepsInline ? text : Inline().Replace(text, "");
    }

    // A target may have parentheses of its own, as methods have.
    [GeneratedRegex("""\]\((?<target>(?:[^()\s]|\([^()\s]*\))+)(?:\s+"[^"]*")?\)|(?<!<xref )\b(?:href|src)="(?<target>[^"]+)["]""")]
    private static partial Regex Link();

    [GeneratedRegex(@"\\([!-/:-@[-`{-~])")]
    private static partial Regex Escape();

    [GeneratedRegex("<xref [^>]*>")]
    private static partial Regex Unresolved();

    [GeneratedRegex("""<a (?:id|name)="([^"]+)">""")]
    private static partial Regex Named();

    [GeneratedRegex("^#{1,6} +(.+?)#*$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"!?\[([^\]]*)\]\([^)]*\)")]
    private static partial Regex LinkText();

    [GeneratedRegex("^ *(```+)[^\n]*\n.*?^ *\\1 *$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Block();

    [GeneratedRegex("`[^`\n]+`")]
    private static partial Regex Inline();
}
