using System.Text.Encodings.Web;
using System.Text.Json;
using Spectre.Console;

namespace MiniGpt.Cli.Display;

/// <summary>Results as tables, on standard output.</summary>
internal static class Output
{
    private const int WidthOfFiles = 160; // a table in a file is not cut to the width of a terminal

    private static readonly Lazy<IAnsiConsole> s_console = new(() =>
    {
        bool isFile = System.Console.IsOutputRedirected;
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(System.Console.Out),
            Ansi = isFile ? AnsiSupport.No : AnsiSupport.Detect,
        });
        if (isFile)
            console.Profile.Width = WidthOfFiles;
        return console;
    });

    /// <summary>JSON in which letters of all languages stand as they are.</summary>
    public static JsonSerializerOptions ReadableJson { get; } = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Standard output as Spectre.Console draws on it.</summary>
    public static IAnsiConsole Console => s_console.Value;

    /// <summary>An empty table with these headings.</summary>
    public static Table Table(params string[] headings)
    {
        Table table = new Table().Border(TableBorder.Simple);
        foreach (string heading in headings)
            table.AddColumn(new TableColumn(new Text(heading)).NoWrap());
        return table;
    }
}
