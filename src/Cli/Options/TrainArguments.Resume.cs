using System.CommandLine;
using MiniGpt.Cli.Display;
using MiniGpt.Cli.Speech;
using MiniGpt.Model.Distribution;
using MiniGpt.Model.Training;
using MiniGpt.Tensors.Simd;

namespace MiniGpt.Cli.Options;

/// <content>A run that goes on.</content>
internal sealed partial class TrainArguments
{
    private TrainPlan Resume(ParseResult arguments, string folder, ICollective ranks, CancellationToken cancellationToken)
    {
        string[] allowed =
        [
            _resume.Name, "--threads", _settings.Steps.Name, _settings.LogEvery.Name, _settings.CheckpointEvery.Name,
            _settings.Keep.Name, _profile.Name, _cluster.Name, _settings.Data.Name, _settings.ValidationData.Name,
        ];
        if (_command.Options.FirstOrDefault(option => arguments.IsGiven(option) && !allowed.Contains(option.Name)) is Option other)
            throw new UsageException(Messages.Of("train.resume-options", ("option", other.Name), ("allowed", string.Join(", ", allowed[1..]))));

        if (ranks.Rank > 0)
            return Follow(arguments, folder, ranks, cancellationToken);
        RunFolder run = RunFolder.Open(folder);
        try
        {
            MemoryCheck.Check(run.ReadConfig(), run.ReadOptions(), MemoryLimit.Find(), isNew: false, ranks);
            Checkpoint<float> checkpoint = WorkDisplay.Run("reading the model", _ => run.Load<float>(ranks));
            TrainingOptions options = _settings.Apply(arguments, checkpoint.Options);
            TrainingData data = LoadDataAgain(folder, options, checkpoint, cancellationToken);
            List<string> notes = [Messages.Of("train.resume", ("step", checkpoint.Step))];
            if (checkpoint.VectorBits is int bits && bits != VectorWidth.Bits)
                notes.Add(Messages.Of("train.resume-vectors", ("begun", TrainHeader.Vectors(bits)), ("here", TrainHeader.Vectors(VectorWidth.Bits))));
            if (run.BestDamage is string damage)
                notes.Add(Messages.Of("train.resume-damage", ("damage", damage)));
            return new TrainPlan(folder, options, checkpoint.Model, data, notes) { Checkpoint = checkpoint, Resumed = run };
        }
        catch
        {
            run.Dispose();
            throw;
        }
    }

    /// <summary>The same on another rank than the first, which has locked and mended the folder.</summary>
    private TrainPlan Follow(ParseResult arguments, string folder, ICollective ranks, CancellationToken cancellationToken)
    {
        Checkpoint<float> checkpoint = RunFolder.Follow<float>(folder, ranks);
        TrainingOptions options = _settings.Apply(arguments, checkpoint.Options);
        return new TrainPlan(folder, options, checkpoint.Model, LoadDataAgain(folder, options, checkpoint, cancellationToken), []) { Checkpoint = checkpoint };
    }

    /// <summary>Reads the data of a run that goes on.</summary>
    private TrainingData LoadDataAgain(string folder, TrainingOptions options, Checkpoint<float> checkpoint, CancellationToken cancellationToken)
    {
        try
        {
            return RunData.Load(folder, options, checkpoint.Tokenizer, checkpoint.SourceTokenizer, checkpoint.Model.Config.VocabularySize, cancellationToken);
        }
        catch (FileNotFoundException error)
        {
            throw new FileNotFoundException(Messages.Of("train.resume-data", ("message", LibraryMessages.Translated(error.Message)), ("option", _settings.Data.Name)), error);
        }
    }
}
