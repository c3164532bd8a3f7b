using System.Numerics;
using MiniGpt.Model.Distribution;
using MiniGpt.Model.Files;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Optimization;

namespace MiniGpt.Model.Training;

/// <summary>
/// A checkpoint on the disk: a model folder with the state of the optimizer, and training.json. A new one is written beside the old one;
/// <see cref="CheckpointFiles"/> says how it comes into its place.
/// </summary>
internal static class CheckpointFolder
{
    /// <summary>Writes a checkpoint over the one that is in the folder.</summary>
    /// <exception cref="IOException">
    /// A file cannot be written or renamed. The folder has the old checkpoint, or the new one, of which files are left to be renamed by the
    /// next call.
    /// </exception>
    public static void Write<T>(string path, Checkpoint<T> checkpoint)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        CheckpointFiles.RollForward(path);
        using StagedFiles files = new(path);
        files.Add(ModelFiles.Optimizer, stream => WriteState(stream, checkpoint));
        ModelFolder.Stage(files, checkpoint.Model, checkpoint.Tokenizer, checkpoint.ExtraKeys, sourceTokenizer: checkpoint.SourceTokenizer);
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
    /// <param name="path">The folder.</param>
    /// <param name="ranks">Among whom the state of the optimizer is divided: this one's is kept; left out, all of it.</param>
    /// <exception cref="FileFormatException">There is no checkpoint, or one of its files is missing or not the one that was written.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static Checkpoint<T> Read<T>(string path, ICollective? ranks = null)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        CheckpointFiles.RollForward(path);
        TrainingState state = ReadState(path);
        CheckpointFiles.Check(path, state.Checksums);

        LoadedModel<T> model = ModelFolder.Load<T>(path, state.Options.Unknown);
        Optimizer<T> optimizer = state.Options.CreateOptimizer(model.Any.Parameters, ranks);
        optimizer.Step = state.Step;
        using SafetensorsReader reader = SafetensorsReader.Open(Path.Combine(path, ModelFiles.Optimizer));
        ModelWeights.ReadState(reader, model.Any.Config, optimizer);
        return state.ToCheckpoint(model, optimizer);
    }

    /// <summary>Writes the state of the optimizer, that of other ranks as they send it.</summary>
    private static void WriteState<T>(Stream stream, Checkpoint<T> checkpoint)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (checkpoint.Ranks is null)
        {
            ModelWeights.WriteState(stream, checkpoint.Model.Config, checkpoint.Optimizer);
            return;
        }
        checkpoint.BeforeState!();
        using StateGathering<T> gathering = new(checkpoint.Ranks, checkpoint.Optimizer);
        ModelWeights.WriteState(stream, checkpoint.Model.Config, checkpoint.Optimizer, gathering.Next);
    }

    /// <summary>Reads training.json alone.</summary>
    /// <exception cref="FileFormatException">There is none, or it does not fit.</exception>
    public static TrainingState ReadState(string path) => CheckpointFiles.Exists(path)
        ? TrainingState.Read(CheckpointFiles.TrainingPath(path))
        : throw new FileFormatException(path, $"no {ModelFiles.Training} found, the folder of a training run expected");

    /// <summary>Replaces training.json: the commit of a checkpoint whose files are on the disk, under their names or beside them.</summary>
    public static void Commit(string path, TrainingState state)
    {
        state.Write(CheckpointFiles.TrainingPath(path));
        Disk.FlushFolder(path);
    }

    /// <summary>Whether training.json is that of a state, or cannot be read: then it could be.</summary>
    private static bool MayBeCommitted(string path, TrainingState state)
    {
        if (!CheckpointFiles.Exists(path))
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
}
