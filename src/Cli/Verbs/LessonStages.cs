using System.Globalization;
using MiniGpt.Cli.Display;
using MiniGpt.Cli.Pages;
using MiniGpt.Model.Lessons;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace MiniGpt.Cli.Verbs;

/// <summary>The stages of a lesson as text.</summary>
/// <param name="lesson">The lesson's name.</param>
/// <param name="texts">What is said about it.</param>
internal sealed class LessonStages(string lesson, Texts texts)
{
    // As many fit into a terminal of 80 columns with four decimals, with two, and as whole percents.
    private const int MostWideColumns = 8;
    private const int MostNarrowColumns = 16;
    private const int Terminal = 80;
    private const string Indent = "   ";

    /// <summary>Prints a stage.</summary>
    public void Show(LessonStage stage, int number)
    {
        string key = $"lesson.{lesson}.{stage.Key}";
        Console.Out.WriteLine($"\n{number}. {texts[key]}\n{Prose.Wrapped(texts[$"{key}.look"], Indent)}");
        if (texts.Find($"{key}.formula") is string formula)
            Console.Out.WriteLine($"\n{Prose.Wrapped(Plain(formula), Indent + Indent)}");
        StageNames names = StageNames.Of(stage, lesson, texts);
        string slider = stage.Slider is { } moves ? texts[$"lesson.{lesson}.slider.{moves.Key}"] : "";
        if (stage.Kind == StageKind.Lattice)
            ShowLattice(stage);
        else if (stage.Kind == StageKind.Code)
            Console.Out.WriteLine($"\n{string.Join('\n', stage.Rows)}");
        else if (stage.Frames > 1 && stage.Rows.Count == 1 && stage.Kind != StageKind.Pieces)
            ShowMatrix(slider, names.Columns, names.Stops, frame => stage.Row(0, frame), isShares: false);
        else
        {
            for (int frame = 0; frame < stage.Frames; frame++)
            {
                if (stage.Frames > 1)
                    Console.Out.WriteLine($"\n{Indent}{slider}: {names.Stops[frame]}");
                if (stage.Kind == StageKind.Pieces)
                    ShowPieces(stage, names, frame);
                else
                    ShowMatrix("", names.Columns, names.Rows, row => stage.Row(row, frame), stage.Kind == StageKind.Weights);
            }
        }
        if (stage.Edges.Count > 0)
            ShowEdges(stage, names);
    }

    /// <summary>A formula in one line: what a page sets lower or higher follows _ and ^.</summary>
    private static string Plain(string formula) => formula.Replace('{', '(').Replace('}', ')');

    /// <summary>Numbers in rows and columns; in columns and rows where they fit into a terminal only so.</summary>
    private void ShowMatrix(string corner, IReadOnlyList<string> columns, IReadOnlyList<string> rows, Func<int, IEnumerable<double>> row, bool isShares)
    {
        double[][] values = [.. rows.Select((_, i) => row(i).ToArray())];
        bool inPercent = isShares && columns.Count > MostNarrowColumns;
        if (inPercent)
            Console.Out.WriteLine($"\n{Indent}{texts["lesson.percent"]}");
        (IReadOnlyList<string> down, IReadOnlyList<string> across) = (rows, columns);
        bool isWide = columns.Count > MostWideColumns;
        if (Math.Max(rows.Max(Cells), Cells(corner)) + WidthOf(columns, values, inPercent) > Terminal)
        {
            (down, across) = (columns, rows);
            values = [.. columns.Select((_, c) => rows.Select((_, r) => values[r][c]).ToArray())];
        }
        // A word with its meaning is wider than a number: the meaning goes below.
        Table table = Output.Table([corner, .. across.Select(Broken)]);
        foreach (TableColumn column in table.Columns.Skip(1))
        {
            column.RightAligned();
            if (isWide)
                column.Padding(0, 1);
        }
        for (int i = 0; i < down.Count; i++)
            table.AddRow([new Text(down[i]), .. values[i].Select(value => new Text(inPercent ? Percent(value) : Written(value, isWide ? "F2" : "F4")))]);
        Output.Console.Write(table);
    }

    /// <summary>About how many cells a table takes beside the names of its rows.</summary>
    private static int WidthOf(IReadOnlyList<string> columns, double[][] values, bool inPercent)
    {
        bool isWide = columns.Count > MostWideColumns;
        int numbers = columns.Select((name, c) => Math.Max(Broken(name).Split('\n').Max(Cells),
            values.Max(row => (inPercent ? Percent(row[c]) : Written(row[c], isWide ? "F2" : "F4")).Length)) + (isWide ? 1 : 3)).Sum();
        return 4 + numbers;
    }

    private static string Broken(string name) => name.Replace(" (", "\n(", StringComparison.Ordinal);

    private static int Cells(string text) => new Segment(text).CellCount();

    private static string Percent(double share) => share == 0 ? "" : Math.Round(100 * share).ToString("0", CultureInfo.InvariantCulture);

    private static void ShowPieces(LessonStage stage, StageNames names, int frame)
    {
        Console.Out.WriteLine();
        for (int row = 0; row < names.Rows.Count; row++)
        {
            // A space inside of a piece is shown, so that lines break between pieces alone.
            string pieces = string.Join(" ", stage.PiecesOf(row, frame).Select(piece => $"[{piece.Text.Replace(' ', '␣')}]"));
            Console.Out.WriteLine($"{Indent}{names.Rows[row]}\n{Prose.Wrapped(pieces, Indent + Indent)}");
        }
    }

    private static void ShowLattice(LessonStage stage)
    {
        Table table = Output.Table("", "", "ln p", "");
        foreach (LessonPiece piece in stage.Pieces.OrderBy(piece => piece.Start).ThenBy(piece => piece.Text.Length))
        {
            table.AddRow(new Text($"{piece.Start + 1}–{piece.Start + piece.Text.Length}"), new Text(piece.Text),
                new Text(Written(piece.Score, "F2")), new Text(piece.IsMarked ? "*" : ""));
        }
        Output.Console.Write(table);
    }

    private static void ShowEdges(LessonStage stage, StageNames names)
    {
        Table table = Output.Table("", "", "×");
        foreach (GraphEdge edge in stage.Edges)
            table.AddRow(new Text(names.Rows[edge.From]), new Text($"→ {names.Rows[edge.To]}"), new Text(Written(edge.Slope, "F4")));
        Output.Console.Write(table);
    }

    private static string Written(double value, string format) => value switch
    {
        double.NegativeInfinity => "−∞",
        double.NaN => "",
        _ when double.IsInteger(value) => value.ToString("#,0", CultureInfo.InvariantCulture),
        _ => value.ToString(format, CultureInfo.InvariantCulture),
    };
}
