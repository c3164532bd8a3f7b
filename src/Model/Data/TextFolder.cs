using System.Text;
using MiniGpt.Model.Files;

namespace MiniGpt.Model.Data;

/// <summary>
/// The texts of a folder and of the folders in it: each file once, however many links lead to it, and nothing hidden. Where none has the ending of
/// a text, the folder is taken to be of the kind that most of its text has, such as a program's source. What holds no text is passed over, and said.
/// </summary>
internal sealed class TextFolder
{
    private const int NamedInNote = 3;

    private static readonly string[] s_extensions = [".txt", ".md"];

    private readonly HashSet<string> _folders = [];
    private readonly List<string> _found = [];
    private readonly SortedDictionary<string, List<string>> _others = new(StringComparer.OrdinalIgnoreCase);
    private readonly SortedDictionary<string, List<string>> _passedOver = new(StringComparer.Ordinal);
    private readonly string _path;

    private TextFolder(string path) => _path = path;

    /// <summary>The endings of the files that are read, in words.</summary>
    private static string Endings => string.Join(" or ", s_extensions);

    /// <summary>Finds the texts, in ordinal order of their paths.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="notes">Takes a line for each reason for which files were passed over.</param>
    /// <exception cref="FileFormatException">There is no text, or a pointer of Git LFS in the place of one.</exception>
    /// <exception cref="IOException">A folder or file cannot be read.</exception>
    public static IReadOnlyList<string> Find(string path, ICollection<string> notes)
    {
        TextFolder folder = new(path);
        folder.Walk(path);
        string[] texts = folder._found.Count > 0 ? folder.Texts(folder._found) : folder.MostText(notes);
        string[] passedOver = [.. folder._passedOver.Select(reason => Note(reason.Key, reason.Value))];
        if (texts.Length == 0)
        {
            string why = string.Concat(passedOver.Select(note => $" ({note})"));
            throw new FileFormatException(path, $"no text found, files ending in {Endings} expected{why}");
        }
        foreach (string note in passedOver)
            notes.Add($"{path}: {note}");
        return texts;
    }

    private void Walk(string folder)
    {
        if (!_folders.Add(RealPath.Of(folder)))
            return; // a link led here before, or leads back
        foreach (string entry in Directory.EnumerateFileSystemEntries(folder).Order(StringComparer.Ordinal))
        {
            if (IsHidden(entry))
                continue;
            if (Directory.Exists(entry))
                Walk(entry);
            else if (s_extensions.Contains(Path.GetExtension(entry), StringComparer.OrdinalIgnoreCase))
                _found.Add(entry);
            else if (_others.TryGetValue(Path.GetExtension(entry), out List<string>? others))
                others.Add(entry);
            else
                _others.Add(Path.GetExtension(entry), [entry]);
        }
    }

    /// <summary>Those of the files that hold text, in ordinal order, each once.</summary>
    private string[] Texts(IEnumerable<string> files)
    {
        HashSet<string> seen = [];
        return [.. files.Order(StringComparer.Ordinal).Where(file => HasText(file) && seen.Add(RealPath.Of(file)))];
    }

    /// <summary>The files of the ending that has the most bytes of text.</summary>
    private string[] MostText(ICollection<string> notes)
    {
        (string ending, long bytes) = ("", 0);
        foreach ((string other, List<string> files) in _others)
        {
            long found = files.Sum(TextBytes);
            if (found > bytes)
                (ending, bytes) = (other, found);
        }
        if (bytes == 0)
            return [];
        string[] texts = Texts(_others[ending]);
        notes.Add(ending == ""
            ? $"{_path}: no {Endings} found, so files without an ending are read, {texts.Length} of them"
            : $"{_path}: no {Endings} found, so files ending in {ending} are read, {texts.Length} of them");
        return texts;
    }

    /// <summary>The size of a file that holds text; 0 of any other.</summary>
    private static long TextBytes(string file)
    {
        try
        {
            return WhyPassedOver(file) is null ? new FileInfo(RealPath.Of(file)).Length : 0;
        }
        catch (Exception error) when (error is FileFormatException or IOException or UnauthorizedAccessException)
        {
            return 0; // it counts for no ending; where its ending is chosen all the same, reading it says what is wrong
        }
    }

    private static bool IsHidden(string entry) =>
        Path.GetFileName(entry).StartsWith('.') || (OperatingSystem.IsWindows() && File.GetAttributes(entry).HasFlag(FileAttributes.Hidden));

    /// <summary>Whether a file is a text; notes why not.</summary>
    private bool HasText(string file)
    {
        string? reason = WhyPassedOver(file);
        if (reason is null)
            return true;
        if (!_passedOver.TryGetValue(reason, out List<string>? files))
            _passedOver.Add(reason, files = []);
        files.Add(Path.GetRelativePath(_path, file));
        return false;
    }

    private static string? WhyPassedOver(string file) => SystemCalls.KindOf(file) switch
    {
        FileKind.Missing => "is a link to nothing",
        FileKind.Special => "is a pipe or a device",
        _ => WhyNoText(file),
    };

    private static string? WhyNoText(string file)
    {
        byte[] beginning = TextInput.Beginning(file);
        RegularFile.RefusePointer(file, beginning);
        (Encoding? wide, int mark) = TextInput.FormOf(beginning);
        return beginning.Length == mark ? "is empty"
            : wide is null && TextInput.WhyNoText(beginning) is not null ? "holds no text"
            : null;
    }

    private static string Note(string reason, List<string> files)
    {
        string rest = files.Count > NamedInNote ? $" and {files.Count - NamedInNote} more" : "";
        return $"passed over, because it {reason}: {string.Join(", ", files.Take(NamedInNote))}{rest}";
    }
}
