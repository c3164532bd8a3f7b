using System.Globalization;
using System.Text;
using Spectre.Console.Rendering;

namespace MiniGpt.Cli.Display;

/// <summary>Text in lines that a terminal need not break: between words, and in Japanese, which has no spaces, between characters.</summary>
internal static class Prose
{
    private const int WidestLine = 80; // longer ones are tiring to read, however wide a terminal is
    private const string NeverFirst = "、。」』）］・ー〜…”’々ぁぃぅぇぉっゃゅょァィゥェォッャュョ：；！？,.:;!?)]%" + Joiner + NoBreak; // of a line
    private const string NeverLast = "「『（［([" + Joiner + NoBreak;

    /// <summary>What keeps the characters before and after it on one line; it takes no column and is not written.</summary>
    private const string Joiner = "\u2060";

    /// <summary>A space at which no line ends.</summary>
    private const string NoBreak = "\u00A0";

    /// <summary>A text in lines that fit into the terminal, each with an indent before it.</summary>
    public static string Wrapped(string text, string indent = "") => Wrapped(text, indent, Math.Min(WidestLine, Output.Console.Profile.Width));

    /// <summary>The same in lines of so many columns.</summary>
    internal static string Wrapped(string text, string indent, int width)
    {
        StringBuilder lines = new(indent);
        int used = indent.Length;
        string space = "";
        foreach (string piece in Pieces(text))
        {
            if (piece == " ")
            {
                space = piece;
                continue;
            }
            if (used > indent.Length && used + space.Length + Columns(piece) > width)
            {
                lines.Append('\n').Append(indent);
                (used, space) = (indent.Length, "");
            }
            lines.Append(space).Append(piece);
            used += space.Length + Columns(piece);
            space = "";
        }
        return lines.Replace(Joiner, "").Replace(NoBreak, " ").ToString();
    }

    /// <summary>A text that stays on one line, with what follows it where it ends with a space.</summary>
    public static string Together(string text) => string.Join(Joiner, text.Select(letter => letter == ' ' ? NoBreak : $"{letter}"));

    /// <summary>The columns that a text takes: wide characters, as those of Japanese, take two each.</summary>
    internal static int Columns(string text) => new Segment(text).CellCount();

    /// <summary>What stays together: a word, or one wide character, with the marks before and after it; spaces are pieces of their own.</summary>
    private static IEnumerable<string> Pieces(string text)
    {
        string piece = "", last = "";
        foreach (string character in TextElements(text))
        {
            bool joins = piece.Length > 0 && piece != " " && character != " "
                && (NeverFirst.Contains(character, StringComparison.Ordinal) || NeverLast.Contains(last, StringComparison.Ordinal) || (Columns(character) == 1 && Columns(last) == 1));
            if (!joins && piece.Length > 0)
                yield return piece;
            piece = joins ? piece + character : character;
            last = character;
        }
        if (piece.Length > 0)
            yield return piece;
    }

    private static IEnumerable<string> TextElements(string text)
    {
        TextElementEnumerator elements = StringInfo.GetTextElementEnumerator(text);
        while (elements.MoveNext())
            yield return elements.GetTextElement();
    }
}
