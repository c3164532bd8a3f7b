using System.CommandLine;
using System.Globalization;
using MiniGpt.Cli.Speech;

namespace MiniGpt.Cli.Options;

/// <summary>--out, the page to write. A page that is there already is replaced, a file that is read is not.</summary>
internal sealed class PageOption : Option<string?>
{
    public PageOption()
        : base("--out") => HelpName = "PAGE.html";

    /// <summary>The path that was given; null where none was.</summary>
    /// <param name="arguments">The command line.</param>
    /// <param name="inputs">The files that are read, and the folders whose files are.</param>
    /// <exception cref="UsageException">It is empty, or that of a folder, a pipe, a device, a link to nothing, or a file that is read.</exception>
    public string? PathOf(ParseResult arguments, params IEnumerable<string> inputs)
    {
        if (arguments.GetValue(this) is not string path)
            return null;
        OutputPath.CheckFile(Name, path, Messages.Of("path.a-page"));
        if (!File.Exists(path) || IsPage(path))
            return path;
        string full = Path.GetFullPath(path);
        return inputs.FirstOrDefault(Holds) is string input
            ? throw new UsageException(Messages.Of("path.would-replace", ("path", path), ("input", input)))
            : path;

        bool Holds(string input) =>
            Path.TrimEndingDirectorySeparator(Path.GetFullPath(input)) is var read && (read == full || read == Path.GetDirectoryName(full));
    }

    /// <summary>The first of NAME.html, NAME-2.html, NAME-3.html, … that is not there.</summary>
    public static string FreeName(string name)
    {
        for (int number = 1; ; number++)
        {
            string path = number == 1 ? $"{name}.html" : string.Create(CultureInfo.InvariantCulture, $"{name}-{number}.html");
            if (!Path.Exists(path))
                return path;
        }
    }

    // The report of a run lies in its folder, and is none of its inputs.
    private static bool IsPage(string path) => path.EndsWith(".html", StringComparison.OrdinalIgnoreCase);
}
