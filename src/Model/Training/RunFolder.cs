using System.Numerics;
using MiniGpt.Model.Formats;
using MiniGpt.Tensors;

namespace MiniGpt.Model.Training;

/// <summary>
/// The folder of a training run: a model folder with the state of the optimizer, a log, and training.json, which holds the checksums of
/// the rest. A checkpoint is written beside the old one; renaming training.json commits it, and the other files are renamed after it.
/// Whenever the machine stops, loading finds the old checkpoint or the new one, never a mixture.
/// </summary>
public static class RunFolder
{
    private const string OptimizerFile = "optimizer.safetensors";
    private const string MetricsFile = "metrics.jsonl";

    private static readonly string[] s_required = [ModelFolder.ConfigFile, ModelFolder.WeightsFile, OptimizerFile];
    private static readonly string[] s_optional = [ModelFolder.TokenizerFile];

    /// <summary>The log of the run in a folder.</summary>
    public static string MetricsPath(string path) => Path.Combine(path, MetricsFile);

    /// <summary>The first of PATH, PATH-2, PATH-3, … that is not there.</summary>
    public static string ChooseNew(string path) => Path.Exists(path)
        ? Enumerable.Range(2, int.MaxValue - 2).Select(number => $"{path}-{number}").First(candidate => !Path.Exists(candidate))
        : path;

    /// <summary>Makes the folder of a new run. A model that is in it is deleted with its log, if that was asked for.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="overwrite">Whether a model in it may be deleted.</param>
    /// <exception cref="ArgumentException">The folder holds a model, which may not be overwritten.</exception>
    /// <exception cref="IOException">The folder cannot be made, or a file in it cannot be deleted.</exception>
    public static void Create(string path, bool overwrite = false)
    {
        // In this order: what is left when the machine stops in between is no checkpoint, and then no model.
        string[] files =
        [
            ModelFolder.TrainingFile, ModelFolder.WeightsFile, ModelFolder.ConfigFile, ModelFolder.TokenizerFile, OptimizerFile, MetricsFile,
        ];
        bool holdsModel = files[..3].Any(name => File.Exists(Path.Combine(path, name)));
        Require.That(overwrite || !holdsModel,
            $"{path} holds a model already: --resume {path} goes on with its training, --overwrite replaces it");
        Directory.CreateDirectory(path);
        foreach (string file in files.Select(name => Path.Combine(path, name)))
        {
            File.Delete(file);
            File.Delete(AtomicFile.PartialPath(file));
        }
    }

    /// <summary>Writes a checkpoint over the one that is in the folder.</summary>
    /// <exception cref="IOException">
    /// A file cannot be written or renamed. The folder has the old checkpoint, or the new one, of which files are left to be renamed by the
    /// next call.
    /// </exception>
    public static void Save<T>(string path, Checkpoint<T> checkpoint)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        string training = Path.Combine(path, ModelFolder.TrainingFile);
        if (File.Exists(training))
            RollForward(path, Read(path));
        using StagedFiles files = new(path);
        files.Add(OptimizerFile, stream =>
            GptWeights.WriteMoments(stream, checkpoint.Gpt.Parameters, checkpoint.FirstMoment, checkpoint.SecondMoment));
        ModelFolder.Stage(files, checkpoint.Gpt, checkpoint.Tokenizer, checkpoint.ExtraKeys);
        new TrainingState(checkpoint.Options, checkpoint.Step, checkpoint.Tokens, checkpoint.DataHash, files.Checksums).Write(training);
        files.Commit();
    }

    /// <summary>Reads the checkpoint of a folder. One that was committed, but not yet renamed to the last file, is renamed first.</summary>
    /// <exception cref="FileFormatException">There is no checkpoint, or one of its files is missing or not the one that was written.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static Checkpoint<T> Load<T>(string path)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        TrainingState state = Read(path);
        RollForward(path, state);
        foreach ((string name, string expected) in state.Checksums)
            CheckFile(Path.Combine(path, name), expected);

        LoadedModel<T> model = ModelFolder.Load<T>(path, state.Options.Unknown);
        Tensor<T> first = new(model.Gpt.Parameters.Values.Shape), second = new(first.Shape);
        using SafetensorsReader reader = SafetensorsReader.Open(Path.Combine(path, OptimizerFile));
        GptWeights.ReadMoments(reader, model.Gpt.Parameters, first, second);
        return new Checkpoint<T>
        {
            Options = state.Options,
            Step = state.Step,
            Tokens = state.Tokens,
            DataHash = state.DataHash,
            Gpt = model.Gpt,
            Tokenizer = model.Tokenizer,
            ExtraKeys = model.ExtraKeys,
            FirstMoment = first,
            SecondMoment = second,
        };
    }

    private static TrainingState Read(string path)
    {
        string training = Path.Combine(path, ModelFolder.TrainingFile);
        return File.Exists(training)
            ? TrainingState.Read(training, s_required, s_optional)
            : throw new FileFormatException(path, $"no {ModelFolder.TrainingFile} found, the folder of a training run expected");
    }

    /// <summary>Renames what belongs to the committed checkpoint and still has its name from before.</summary>
    private static void RollForward(string path, TrainingState state)
    {
        foreach ((string name, string expected) in state.Checksums)
        {
            string file = Path.Combine(path, name), partial = AtomicFile.PartialPath(file);
            if (File.Exists(partial) && StagedFiles.ChecksumOf(partial) == expected)
                File.Move(partial, file, overwrite: true);
        }
    }

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
