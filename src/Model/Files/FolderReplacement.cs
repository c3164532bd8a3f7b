using System.Text.Json;
using System.Text.Json.Nodes;

namespace MiniGpt.Model.Files;

/// <summary>
/// What files of a folder are to be put in the place of others. While it is done a note lies in the folder, and writing the note is the
/// commit: whenever the machine stops, the folder has the old files, or the note with the new ones beside their names, which whoever reads
/// the folder next puts in their places.
/// </summary>
/// <param name="Checksums">The SHA-256 of every new file by its name, in the order of renaming.</param>
/// <param name="Replaced">The names of the files that are deleted.</param>
internal sealed record FolderReplacement(IReadOnlyDictionary<string, string> Checksums, IReadOnlyList<string> Replaced)
{
    /// <summary>The name of the note.</summary>
    public const string NoteFile = "minigpt-replacement.json";

    /// <summary>Whether the files of a folder are being replaced, or were when something stopped it.</summary>
    public static bool Exists(string folder) => File.Exists(NotePath(folder));

    /// <summary>Commits the replacement.</summary>
    public void Write(string folder)
    {
        JsonObject files = [];
        foreach ((string name, string checksum) in Checksums)
            files[name] = checksum;
        JsonFile.Write(NotePath(folder), new JsonObject
        {
            ["files"] = files,
            ["replaced"] = new JsonArray([.. Replaced.Select(name => (JsonNode)name)]),
        });
        Disk.FlushFolder(folder);
    }

    /// <summary>Does what is left of a replacement that was committed; nothing where there is none.</summary>
    /// <exception cref="FileFormatException">The note is none of ours.</exception>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    public static void Finish(string folder)
    {
        if (!Exists(folder))
            return;
        FolderReplacement replacement = Read(NotePath(folder));
        string[] waiting = [.. replacement.Checksums.Where(file => IsWaiting(folder, file.Key, file.Value)).Select(file => file.Key)];
        if (waiting.Length > 0)
        {
            Disk.FlushFolder(folder); // nothing is deleted before the note is on the disk
            // The file that is renamed last is the one without which there is no model, rather than a mixture of two.
            foreach (string name in (string[])[.. replacement.Replaced, waiting[^1]])
                Disk.Delete(Path.Combine(folder, name));
            foreach (string name in waiting)
            {
                string path = Path.Combine(folder, name);
                if (File.Exists(AtomicFile.PartialPath(path)))
                    Disk.Rename(AtomicFile.PartialPath(path), path);
            }
            Disk.FlushFolder(folder);
        }
        Disk.Delete(NotePath(folder));
        Disk.FlushFolder(folder);
    }

    /// <summary>Deletes a note and the files that wait beside their names: they belong to nothing any more.</summary>
    public static void Delete(string folder)
    {
        Disk.Delete(NotePath(folder));
        foreach (string name in Names)
            Disk.Delete(AtomicFile.PartialPath(Path.Combine(folder, name)));
    }

    private static IEnumerable<string> Names => [ModelFiles.Config, ModelFiles.Weights, ModelFiles.Index, .. ModelFiles.TokenizerParts];

    private static string NotePath(string folder) => Path.Combine(folder, NoteFile);

    private static bool IsWaiting(string folder, string name, string checksum) =>
        AtomicFile.PartialPath(Path.Combine(folder, name)) is var partial && File.Exists(partial) && StagedFiles.ChecksumOf(partial) == checksum;

    private static FolderReplacement Read(string path) => JsonFile.Read(path, root =>
    {
        JsonFields fields = new(path, root);
        JsonElement files = fields.Object("files");
        Dictionary<string, string> checksums = files.EnumerateObject().ToDictionary(file => Known(file.Name), file => new JsonFields(path, files).Text(file.Name));
        return new FolderReplacement(checksums, [.. fields.OptionalArray("replaced").Select(name => Known(name.ToString()))]);

        // A folder from elsewhere must not name files outside of it, nor such as are none of a model.
        string Known(string name) => Names.Contains(name)
            ? name
            : throw new FileFormatException(path, $"a file '{name}' found, {string.Join(", ", Names)} expected");
    });
}
