namespace MiniGpt.Model.Formats;

/// <summary>A file is not what its reader expects. The message is one line: the path, what was found and what was expected.</summary>
/// <param name="path">The file.</param>
/// <param name="problem">What was found and what was expected.</param>
/// <param name="inner">What a parser said, if one did.</param>
public sealed class FileFormatException(string path, string problem, Exception? inner = null)
    : Exception(OneLine($"{path}: {problem}"), inner)
{
    /// <summary>The file that could not be read.</summary>
    public string Path { get; } = path;

    // Problems quote names out of the file, which can hold line ends, terminal escapes and megabytes.
    private static string OneLine(string message)
    {
        const int longest = 1000;
        string cut = message.Length <= longest ? message : $"{message.AsSpan(0, longest)}…";
        return string.Create(cut.Length, cut, (line, text) =>
        {
            for (int i = 0; i < line.Length; i++)
                line[i] = char.IsControl(text[i]) ? '\uFFFD' : text[i];
        });
    }
}
