using System.Numerics;
using MiniGpt.Model.Distribution;
using MiniGpt.Model.Files;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Layers;
using MiniGpt.Model.Tokenizers;

namespace MiniGpt.Model.Training;

/// <summary>
/// The folder of a training run, locked against a second one: the newest checkpoint and the log in the folder itself, which is a model
/// folder; the one of the lowest validation loss in best/; older ones in checkpoints/step-N/. Each of them is a checkpoint of its own.
/// </summary>
public sealed class RunFolder : IDisposable
{
    private readonly RunPaths _paths;
    private readonly RunLock _lock;
    private readonly bool _isMade;
    private bool _begins;

    private RunFolder(string path, RunLock taken, bool isMade, bool begins) =>
        (_paths, _lock, _isMade, _begins) = (new RunPaths(path), taken, isMade, begins);

    /// <summary>The folder.</summary>
    public string Path => _paths.Folder;

    /// <summary>The log of the run.</summary>
    public string MetricsPath => _paths.Metrics;

    /// <summary>What the model wrote while it was trained.</summary>
    public string SamplesPath => _paths.Samples;

    /// <summary>The training curves as a page.</summary>
    public string ReportPath => _paths.Report;

    /// <summary>Where the checkpoint of the lowest validation loss is kept.</summary>
    public string BestPath => _paths.Best;

    /// <summary>The step of the newest checkpoint; null where there is none yet.</summary>
    public int? SavedStep => CheckpointFiles.Exists(Path) ? CheckpointFolder.ReadState(Path).Step : null;

    /// <summary>The validation loss of the checkpoint in <see cref="BestPath"/>; null where there is none, or a damaged one.</summary>
    public double? BestLoss => ReadBest(out _);

    /// <summary>Why the checkpoint in <see cref="BestPath"/> counts as absent although it is there; null where nothing is wrong.</summary>
    public string? BestDamage
    {
        get
        {
            _ = ReadBest(out string? damage);
            return damage;
        }
    }

    /// <summary>The first of PATH, PATH-2, PATH-3, … that is not there.</summary>
    public static string ChooseNew(string path) => System.IO.Path.Exists(path)
        ? Enumerable.Range(2, int.MaxValue - 2).Select(number => $"{path}-{number}").First(candidate => !System.IO.Path.Exists(candidate))
        : path;

    /// <summary>Checks that a new run in a folder would delete nothing.</summary>
    /// <exception cref="OccupiedException">The folder holds a model, a tokenizer or the log of a run.</exception>
    public static void RequireFree(string path)
    {
        if (CheckpointFiles.HoldsModel(path))
            throw new OccupiedException(path, "holds a model", hasModel: true);
        string[] names =
            [.. ModelFiles.TokenizerParts, ModelFiles.Index, FolderReplacement.NoteFile, RunPaths.MetricsFile, RunPaths.SamplesFile, RunPaths.ReportFile];
        if (names.FirstOrDefault(name => File.Exists(System.IO.Path.Combine(path, name))) is string found)
            throw new OccupiedException(path, $"holds {found}", hasModel: false);
    }

    /// <summary>
    /// Makes and locks the folder of a new run. A model, tokenizer or log that is in it stays until the run begins; a folder that was made for a
    /// run that never does is gone again with this.
    /// </summary>
    /// <param name="path">The folder.</param>
    /// <param name="overwrite">Whether what is in it may be deleted.</param>
    /// <exception cref="OccupiedException">The folder holds a model, a tokenizer or a log, which may not be overwritten.</exception>
    /// <exception cref="IOException">The folder cannot be made, or another run is writing it.</exception>
    public static RunFolder Create(string path, bool overwrite = false)
    {
        bool isMade = !Directory.Exists(path);
        Directory.CreateDirectory(path);
        RunFolder folder = new(path, RunLock.Take(path), isMade, begins: true);
        try
        {
            if (!overwrite)
                RequireFree(path);
            return folder;
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Locks the folder of a run to go on with it. What an interrupted save left to be renamed is renamed, in the checkpoints that are kept apart
    /// too, and what was never committed is deleted.
    /// </summary>
    /// <exception cref="FileFormatException">There is no checkpoint in it.</exception>
    /// <exception cref="IOException">The folder cannot be written, or another run is writing it.</exception>
    public static RunFolder Open(string path)
    {
        if (!CheckpointFiles.Exists(path))
            _ = CheckpointFolder.ReadState(path); // says what is missing, and makes no lock where there is no run
        RunFolder folder = new(path, RunLock.Take(path), isMade: false, begins: false);
        try
        {
            folder.Repair();
            return folder;
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    /// <summary>Deletes what a new run replaces: nothing can keep it from its first step any more. A run that goes on keeps everything.</summary>
    /// <exception cref="IOException">A file cannot be deleted.</exception>
    internal void Begin()
    {
        if (!_begins)
            return;
        Clear();
        _begins = false;
    }

    /// <summary>Writes the newest checkpoint; the one that was the newest joins the older ones, of which the last few are kept.</summary>
    /// <param name="checkpoint">The checkpoint.</param>
    /// <param name="keep">How many older ones stay.</param>
    /// <exception cref="IOException">A file cannot be written. The last checkpoint that was written whole is still there.</exception>
    public void Save<T>(Checkpoint<T> checkpoint, int keep = 0)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        RequireInPlace();
        Begin();
        CheckpointFiles.RollForward(Path);
        if (keep > 0 && SavedStep is int old && old != checkpoint.Step)
            CheckpointFiles.Copy(Path, _paths.MakeOlder(old));
        CheckpointFolder.Write(Path, checkpoint);
        DeleteSurplus(keep);
    }

    /// <summary>Writes a checkpoint that is better than all before it, with its validation loss, apart from the others.</summary>
    /// <exception cref="IOException">A file cannot be written. The best checkpoint before is still there.</exception>
    public void SaveBest<T>(Checkpoint<T> checkpoint)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        RequireInPlace();
        Begin();
        if (BestDamage is not null)
            CheckpointFiles.Delete(BestPath); // nothing could be written over a checkpoint that cannot be read
        Directory.CreateDirectory(BestPath);
        CheckpointFolder.Write(BestPath, checkpoint);
    }

    /// <summary>Notes with the newest checkpoint that the run came to its end.</summary>
    /// <param name="validationLoss">The loss over the whole validation split; null where there is none.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void Finish(double? validationLoss)
    {
        RequireInPlace();
        TrainingState state = CheckpointFolder.ReadState(Path);
        DeleteSurplus(state.Options.Keep); // of a save that was killed behind its commit
        CheckpointFolder.Commit(Path, state with { Finished = true, ValidationLoss = validationLoss });
    }

    /// <summary>Reads the configuration of the newest checkpoint's model.</summary>
    /// <exception cref="FileFormatException">There is none, or it does not fit.</exception>
    public TransformerConfig ReadConfig() => ConfigJson.Read(_paths.In(ModelFiles.Config));

    /// <summary>The options in the training.json of a run, wherever it lies now.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="FileFormatException">It is no training.json of this version.</exception>
    public static TrainingOptions OptionsOf(string path) => TrainingState.Read(path).Options;

    /// <summary>Reads the options of the newest checkpoint.</summary>
    /// <exception cref="FileFormatException">There is none, or its training.json does not fit.</exception>
    public TrainingOptions ReadOptions() => CheckpointFolder.ReadState(Path).Options;

    /// <summary>Reads the newest checkpoint and verifies its checksums.</summary>
    /// <param name="ranks">Among whom the state of the optimizer is divided; left out, this process has all of it.</param>
    /// <exception cref="FileFormatException">One of its files is missing or not the one that was written.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public Checkpoint<T> Load<T>(ICollective? ranks = null)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => CheckpointFolder.Read<T>(Path, ranks);

    /// <summary>Reads the newest checkpoint of a run that another rank has locked.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="ranks">Among whom the state of the optimizer is divided.</param>
    /// <exception cref="FileFormatException">There is no checkpoint, or one of its files is missing or not the one that was written.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static Checkpoint<T> Follow<T>(string path, ICollective ranks)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => CheckpointFolder.Read<T>(path, ranks);

    /// <summary>Lets go of the folder.</summary>
    public void Dispose()
    {
        if (!_begins || !_isMade)
        {
            _lock.Dispose();
            return;
        }

        _begins = false;
        try
        {
            _lock.Remove();
            Directory.Delete(Path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Somebody else put something there: it is theirs now.
        }
    }

    /// <summary>Makes sure that the folder is still the one that was locked: another can have come into its place.</summary>
    /// <exception cref="IOException">It was moved or replaced.</exception>
    public void RequireInPlace()
    {
        if (!_lock.IsInPlace)
            throw new IOException($"{Path} is not the folder any more in which this run began: it was moved or replaced, and nothing is written there");
    }

    private double? ReadBest(out string? damage)
    {
        damage = null;
        try
        {
            return CheckpointFiles.Exists(BestPath) ? CheckpointFolder.ReadState(BestPath).ValidationLoss : null;
        }
        catch (FileFormatException error)
        {
            damage = error.Message;
            return null;
        }
    }

    private void Repair()
    {
        foreach (string checkpoint in (string[])[Path, BestPath, .. _paths.Older()])
        {
            try
            {
                if (Directory.Exists(checkpoint))
                    CheckpointFiles.Repair(checkpoint);
            }
            catch (FileFormatException) when (checkpoint != Path)
            {
                // It counts as absent: see BestDamage.
            }
        }
        foreach (string cutOff in _paths.CutOff())
            CheckpointFiles.Delete(cutOff);
    }

    private void Clear()
    {
        FolderReplacement.Delete(Path);
        CheckpointFiles.Delete(BestPath);
        foreach (string older in _paths.Older())
            CheckpointFiles.Delete(older);
        CheckpointFiles.Delete(Path);
        SafetensorsShards.Delete(_paths.In(ModelFiles.Index));
        TokenizerFolder.Delete(Path);
        foreach (string file in (string[])[MetricsPath, SamplesPath, ReportPath])
            File.Delete(file);
        Disk.FlushFolder(Path);
    }

    private void DeleteSurplus(int keep)
    {
        foreach (string surplus in _paths.Older().Skip(keep))
            CheckpointFiles.Delete(surplus);
    }
}
