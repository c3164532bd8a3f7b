using System.Text.Json;

namespace MiniGpt.Model.Files;

/// <summary>
/// The files of a checkpoint, whatever is in them: training.json has the checksums of the rest, and renaming it is the commit. Whenever the
/// machine stops, what <see cref="RollForward"/> leaves is the old checkpoint or the new one, never a mixture.
/// </summary>
internal static class CheckpointFiles
{
    /// <summary>The version of training.json.</summary>
    public const int Version = 1;

    private static readonly string[] s_required = [ModelFiles.Config, ModelFiles.Weights, ModelFiles.Optimizer];
    private static readonly string[] s_optional =
    [
        ModelFiles.Tokenizer, ModelFiles.SourceTokenizer, ModelFiles.SourcePieces, ModelFiles.TargetPieces, ModelFiles.Vocabulary, ModelFiles.TargetVocabulary,
    ];

    // In this order they are deleted: what is left when the machine stops in between is no checkpoint, and then no model.
    private static readonly string[] s_all =
        [ModelFiles.Training, ModelFiles.Weights, ModelFiles.Config, .. s_optional, ModelFiles.Optimizer];

    /// <summary>Whether a checkpoint was committed in a folder.</summary>
    public static bool Exists(string folder) => File.Exists(TrainingPath(folder));

    /// <summary>Whether a folder holds a checkpoint, a model or a part of one.</summary>
    public static bool HoldsModel(string folder) => s_all[..3].Any(name => File.Exists(Path.Combine(folder, name)));

    /// <summary>Where the training.json of a folder is.</summary>
    public static string TrainingPath(string folder) => Path.Combine(folder, ModelFiles.Training);

    /// <summary>The SHA-256 of the other files by their names, out of training.json.</summary>
    /// <param name="path">The training.json.</param>
    /// <param name="root">What is in it.</param>
    /// <exception cref="FileFormatException">It is of another version, a checksum is missing, or one is there of a file that no checkpoint has.</exception>
    public static Dictionary<string, string> ReadChecksums(string path, JsonElement root)
    {
        JsonFields fields = new(path, root);
        if (fields.Count("version") is var version and not Version)
            throw new FileFormatException(path, $"version {version} found, version {Version} expected");
        JsonElement files = fields.Object("files");
        // These names become paths: none but the known ones may.
        string[] names = [.. s_required, .. s_optional.Where(name => files.TryGetProperty(name, out _))];
        foreach (JsonProperty file in files.EnumerateObject().Where(file => !names.Contains(file.Name)))
            throw new FileFormatException(path, $"a file '{file.Name}' found, {string.Join(", ", s_required.Concat(s_optional))} expected");
        return names.ToDictionary(name => name, new JsonFields(path, files).Text);
    }

    /// <summary>Makes sure that every file is the one that training.json speaks of.</summary>
    /// <exception cref="FileFormatException">A file is missing, or not the one that was written.</exception>
    public static void Check(string folder, IReadOnlyDictionary<string, string> checksums)
    {
        foreach ((string name, string expected) in checksums)
        {
            string file = Path.Combine(folder, name);
            if (!File.Exists(file))
                throw new FileFormatException(file, $"no such file, the one with the SHA-256 {expected} in {ModelFiles.Training} expected");
            if (StagedFiles.ChecksumOf(file) is var found && found != expected)
            {
                throw new FileFormatException(file,
                    $"SHA-256 {found} found, {expected} in {ModelFiles.Training} expected: the file was changed or damaged");
            }
        }
    }

    /// <summary>Renames what belongs to the committed checkpoint and still has its name from before.</summary>
    /// <exception cref="FileFormatException">The training.json does not fit.</exception>
    /// <exception cref="IOException">A file cannot be renamed.</exception>
    public static void RollForward(string folder)
    {
        if (!IsInterrupted(folder))
            return;
        string training = TrainingPath(folder);
        string[] waiting = [.. JsonFile.Read(training, root => ReadChecksums(training, root))
            .Where(file => File.Exists(Partial(folder, file.Key)) && StagedFiles.ChecksumOf(Partial(folder, file.Key)) == file.Value)
            .Select(file => file.Key)];
        if (waiting.Length == 0)
            return;
        Disk.FlushFolder(folder); // training.json may have its name in memory alone: no file may be ahead of it
        foreach (string name in waiting.Where(name => File.Exists(Partial(folder, name))))
            Disk.Rename(Partial(folder, name), Path.Combine(folder, name));
        Disk.FlushFolder(folder);
    }

    /// <summary>
    /// Rolls a folder forward that is to be read. Does nothing where no save was interrupted, and while a run holds the folder, which does it
    /// itself.
    /// </summary>
    /// <exception cref="FileFormatException">The training.json does not fit.</exception>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    public static void FinishInterruptedSave(string folder)
    {
        if (!IsInterrupted(folder))
            return;
        using RunLock? taken = RunLock.TryTake(RunPaths.FolderOfRun(folder) is var run && Exists(run) ? run : folder);
        if (taken is not null)
            RollForward(folder);
    }

    /// <summary>Rolls a checkpoint forward, and deletes what a save that was never committed has left beside its files.</summary>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    public static void Repair(string folder)
    {
        RollForward(folder);
        foreach (string name in s_all.Where(name => File.Exists(Partial(folder, name))))
            Disk.Delete(Partial(folder, name));
    }

    /// <summary>Copies a checkpoint into a new folder, which appears whole or not at all.</summary>
    /// <exception cref="IOException">A file cannot be read or written.</exception>
    public static void Copy(string folder, string target)
    {
        string training = TrainingPath(folder);
        if (Exists(target) && File.ReadAllBytes(TrainingPath(target)).AsSpan().SequenceEqual(File.ReadAllBytes(training)))
            return; // a save that failed after this copy is tried again
        string partial = AtomicFile.PartialPath(target);
        Delete(partial);
        Directory.CreateDirectory(partial);
        foreach (string name in (string[])[.. JsonFile.Read(training, root => ReadChecksums(training, root)).Keys, ModelFiles.Training])
        {
            using FileStream copy = Disk.Create(Path.Combine(partial, name));
            using (FileStream original = RegularFile.Open(Path.Combine(folder, name)))
                original.CopyTo(copy);
            Disk.Flush(copy);
        }
        Disk.FlushFolder(partial);
        Delete(target);
        Disk.RenameFolder(partial, target);
        Disk.FlushFolder(Path.GetDirectoryName(target)!);
    }

    /// <summary>Deletes the files of a checkpoint, and the folder if nothing else is in it.</summary>
    /// <exception cref="IOException">A file cannot be deleted.</exception>
    public static void Delete(string folder)
    {
        if (!Directory.Exists(folder))
            return;
        foreach (string path in s_all.SelectMany(name => (string[])[Path.Combine(folder, name), Partial(folder, name)]).Where(File.Exists))
            Disk.Delete(path);
        if (!Directory.EnumerateFileSystemEntries(folder).Any())
            Directory.Delete(folder);
    }

    /// <summary>Whether there are files that a save had not yet renamed when it was stopped, or has not yet while it runs.</summary>
    private static bool IsInterrupted(string folder) => Exists(folder) && s_all.Any(name => File.Exists(Partial(folder, name)));

    private static string Partial(string folder, string name) => AtomicFile.PartialPath(Path.Combine(folder, name));
}
