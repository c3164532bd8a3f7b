using System.Numerics;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Optimization;

namespace MiniGpt.Model.Training;

/// <summary>
/// A checkpoint on the disk: a model folder with the state of the optimizer, and training.json, which holds the checksums of the rest.
/// A new one is written beside the old one and flushed; renaming training.json commits it, and the other files are renamed after it.
/// Whenever the machine stops, reading finds the old checkpoint or the new one, never a mixture.
/// </summary>
internal static class CheckpointFolder
{
    public const string OptimizerFile = "optimizer.safetensors";

    private static readonly string[] s_required = [ModelFolder.ConfigFile, ModelFolder.WeightsFile, OptimizerFile];
    private static readonly string[] s_optional = [ModelFolder.TokenizerFile];

    // In this order they are deleted: what is left when the machine stops in between is no checkpoint, and then no model.
    private static readonly string[] s_all =
        [ModelFolder.TrainingFile, ModelFolder.WeightsFile, ModelFolder.ConfigFile, ModelFolder.TokenizerFile, OptimizerFile];

    /// <summary>Whether a checkpoint was committed in a folder.</summary>
    public static bool Exists(string path) => File.Exists(TrainingPath(path));

    /// <summary>Whether a folder holds a checkpoint, a model or a part of one.</summary>
    public static bool HoldsModel(string path) => s_all[..3].Any(name => File.Exists(Path.Combine(path, name)));

    /// <summary>Whether there are files that a save had not yet renamed when it was stopped, or has not yet while it runs.</summary>
    public static bool IsInterrupted(string path) => Exists(path) && s_all.Any(name => File.Exists(Partial(path, name)));

    /// <summary>Writes a checkpoint over the one that is in the folder.</summary>
    /// <exception cref="IOException">
    /// A file cannot be written or renamed. The folder has the old checkpoint, or the new one, of which files are left to be renamed by the
    /// next call.
    /// </exception>
    public static void Write<T>(string path, Checkpoint<T> checkpoint)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        RollForward(path);
        using StagedFiles files = new(path);
        files.Add(OptimizerFile, stream =>
            ModelWeights.WriteState(stream, checkpoint.Model.Config, checkpoint.Optimizer));
        ModelFolder.Stage(files, checkpoint.Model, checkpoint.Tokenizer, checkpoint.ExtraKeys);
        Disk.FlushFolder(path);
        TrainingState state = TrainingState.Of(checkpoint, files.Checksums);
        try
        {
            Commit(path, state);
        }
        catch
        {
            // An error behind the renaming comes too late: training.json speaks of these files, and the old ones are none of it.
            if (MayBeCommitted(path, state))
                files.Leave();
            throw;
        }
        files.Commit();
    }

    /// <summary>Reads a checkpoint and verifies the checksum of every file.</summary>
    /// <exception cref="FileFormatException">There is no checkpoint, or one of its files is missing or not the one that was written.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static Checkpoint<T> Read<T>(string path)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        RollForward(path);
        TrainingState state = ReadState(path);
        foreach ((string name, string expected) in state.Checksums)
            CheckFile(Path.Combine(path, name), expected);

        LoadedModel<T> model = ModelFolder.Load<T>(path, state.Options.Unknown);
        Optimizer<T> optimizer = state.Options.CreateOptimizer(model.Model.Parameters);
        optimizer.Step = state.Step;
        using SafetensorsReader reader = SafetensorsReader.Open(Path.Combine(path, OptimizerFile));
        ModelWeights.ReadState(reader, model.Model.Config, optimizer);
        return state.ToCheckpoint(model, optimizer);
    }

    /// <summary>Reads training.json alone.</summary>
    /// <exception cref="FileFormatException">There is none, or it does not fit.</exception>
    public static TrainingState ReadState(string path) => Exists(path)
        ? TrainingState.Read(TrainingPath(path), s_required, s_optional)
        : throw new FileFormatException(path, $"no {ModelFolder.TrainingFile} found, the folder of a training run expected");

    /// <summary>Replaces training.json: the commit of a checkpoint whose files are on the disk, under their names or beside them.</summary>
    public static void Commit(string path, TrainingState state)
    {
        state.Write(TrainingPath(path));
        Disk.FlushFolder(path);
    }

    /// <summary>Renames what belongs to the committed checkpoint and still has its name from before.</summary>
    public static void RollForward(string path)
    {
        if (!IsInterrupted(path))
            return;
        string[] waiting = [.. ReadState(path).Checksums
            .Where(file => File.Exists(Partial(path, file.Key)) && StagedFiles.ChecksumOf(Partial(path, file.Key)) == file.Value)
            .Select(file => file.Key)];
        if (waiting.Length == 0)
            return;
        Disk.FlushFolder(path); // training.json may have its name in memory alone: no file may be ahead of it
        foreach (string name in waiting.Where(name => File.Exists(Partial(path, name))))
            Disk.Rename(Partial(path, name), Path.Combine(path, name));
        Disk.FlushFolder(path);
    }

    /// <summary>Rolls a checkpoint forward, and deletes what a save that was never committed has left beside its files.</summary>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    public static void Repair(string path)
    {
        RollForward(path);
        foreach (string name in s_all.Where(name => File.Exists(Partial(path, name))))
            Disk.Delete(Partial(path, name));
    }

    /// <summary>Copies a checkpoint into a new folder, which appears whole or not at all.</summary>
    public static void Copy(string path, string target)
    {
        if (Exists(target) && File.ReadAllBytes(TrainingPath(target)).AsSpan().SequenceEqual(File.ReadAllBytes(TrainingPath(path))))
            return; // a save that failed after this copy is tried again
        string partial = AtomicFile.PartialPath(target);
        Delete(partial);
        Directory.CreateDirectory(partial);
        foreach (string name in (string[])[.. ReadState(path).Checksums.Keys, ModelFolder.TrainingFile])
        {
            using FileStream copy = Disk.Create(Path.Combine(partial, name));
            using (FileStream original = RegularFile.Open(Path.Combine(path, name)))
                original.CopyTo(copy);
            Disk.Flush(copy);
        }
        Disk.FlushFolder(partial);
        Delete(target);
        Disk.RenameFolder(partial, target);
        Disk.FlushFolder(Path.GetDirectoryName(target)!);
    }

    /// <summary>Deletes the files of a checkpoint, and the folder if nothing else is in it.</summary>
    public static void Delete(string path)
    {
        if (!Directory.Exists(path))
            return;
        foreach (string name in s_all)
        {
            Disk.Delete(Path.Combine(path, name));
            Disk.Delete(Partial(path, name));
        }
        if (!Directory.EnumerateFileSystemEntries(path).Any())
            Directory.Delete(path);
    }

    /// <summary>Whether training.json is that of a state, or cannot be read: then it could be.</summary>
    private static bool MayBeCommitted(string path, TrainingState state)
    {
        if (!Exists(path))
            return false;
        try
        {
            return ReadState(path).Checksums.OrderBy(file => file.Key).SequenceEqual(state.Checksums.OrderBy(file => file.Key));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or FileFormatException)
        {
            return true;
        }
    }

    private static string TrainingPath(string path) => Path.Combine(path, ModelFolder.TrainingFile);

    private static string Partial(string path, string name) => AtomicFile.PartialPath(Path.Combine(path, name));

    private static void CheckFile(string file, string expected)
    {
        if (!File.Exists(file))
            throw new FileFormatException(file, $"no such file, the one with the SHA-256 {expected} in {ModelFolder.TrainingFile} expected");
        if (StagedFiles.ChecksumOf(file) is var found && found != expected)
        {
            throw new FileFormatException(file,
                $"SHA-256 {found} found, {expected} in {ModelFolder.TrainingFile} expected: the file was changed or damaged");
        }
    }
}
