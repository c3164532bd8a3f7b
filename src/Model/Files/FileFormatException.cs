using System.Text;

namespace MiniGpt.Model.Files;

/// <summary>A file is not what its reader expects. The message is one line: the path, what was found and what was expected.</summary>
/// <param name="path">The file.</param>
/// <param name="problem">What was found and what was expected.</param>
/// <param name="inner">What a parser said, if one did.</param>
public sealed class FileFormatException(string path, string problem, Exception? inner = null)
    : Exception(OneLine($"{path}: {problem}"), inner)
{
    /// <summary>The file that could not be read.</summary>
    public string Path { get; } = path;

    // Problems quote names and values out of the file, which can hold line ends, terminal escapes and megabytes.
    private static string OneLine(string message)
    {
        const int longest = 800;
        StringBuilder line = new();
        bool afterSpace = false;
        foreach (char letter in message)
        {
            bool isSpace = letter is '\n' or '\r' or '\t' or ' ';
            if (isSpace && afterSpace)
                continue;
            afterSpace = letter is '\n' or '\r' or '\t' || (isSpace && afterSpace);
            line.Append(isSpace ? " " : char.IsControl(letter) ? $"\\x{(int)letter:X2}" : letter.ToString());
        }
        return Excerpt.Of(line.ToString(), longest);
    }
}
