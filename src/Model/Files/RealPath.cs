namespace MiniGpt.Model.Files;

/// <summary>One name for each file, however many ways lead to it.</summary>
internal static class RealPath
{
    private const int MostLinks = 40; // as Linux itself: more of them are a circle

    /// <summary>The full path of a file or folder without links in it. Of a link to nothing, where it would lead.</summary>
    /// <exception cref="IOException">Links lead round in a circle.</exception>
    public static string Of(string path)
    {
        string full = Path.GetFullPath(path);
        for (int links = 0; links <= MostLinks; links++)
        {
            if (FirstLink(full) is not (string link, string behind))
                return full;
            string target = Path.Combine(Path.GetDirectoryName(link)!, new FileInfo(link).LinkTarget!);
            full = Path.GetFullPath(Path.Combine(target, behind));
        }
        throw new IOException($"{path}: links lead round in a circle");
    }

    private static (string Link, string Behind)? FirstLink(string full)
    {
        string root = Path.GetPathRoot(full)!;
        for (int end = root.Length; end < full.Length;)
        {
            int next = full.IndexOf(Path.DirectorySeparatorChar, end);
            string part = next < 0 ? full : full[..next];
            if (part.Length > root.Length && Disk.IsLink(part))
                return (part, next < 0 ? "" : full[(next + 1)..]);
            end = next < 0 ? full.Length : next + 1;
        }
        return null;
    }
}
