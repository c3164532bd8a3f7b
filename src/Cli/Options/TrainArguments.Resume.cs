using System.CommandLine;
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
        {
            throw new UsageException(
                $"{other.Name} cannot be given with --resume: the run has its own options, only {string.Join(", ", allowed[1..])} can change");
        }

        if (ranks.Rank > 0)
            return Follow(arguments, folder, ranks, cancellationToken);
        RunFolder run = RunFolder.Open(folder);
        try
        {
            MemoryCheck.Check(run.ReadConfig(), run.ReadOptions(), MemoryLimit.Find(), isNew: false, ranks);
            Checkpoint<float> checkpoint = run.Load<float>(ranks);
            TrainingOptions options = _settings.Apply(arguments, checkpoint.Options);
            TrainingData data = LoadDataAgain(folder, options, checkpoint, cancellationToken);
            List<string> notes = [$"the run goes on after step {checkpoint.Step}"];
            if (checkpoint.VectorBits is int bits && bits != VectorWidth.Bits)
                notes.Add($"the run was begun with {VectorsOf(bits)}, this processor has {VectorsOf(VectorWidth.Bits)}: from here on the last digits differ");
            if (run.BestDamage is string damage)
                notes.Add($"the best checkpoint is damaged and counts as absent: {damage}");
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

    private static string VectorsOf(int bits) => bits == 0 ? "no vectors" : $"vectors of {bits} bits";

    /// <summary>Reads the data of a run that goes on.</summary>
    private TrainingData LoadDataAgain(string folder, TrainingOptions options, Checkpoint<float> checkpoint, CancellationToken cancellationToken)
    {
        try
        {
            return RunData.Load(folder, options, checkpoint.Tokenizer, checkpoint.SourceTokenizer, checkpoint.Model.Config.VocabularySize, cancellationToken);
        }
        catch (FileNotFoundException error)
        {
            throw new FileNotFoundException($"{error.Message}; {_settings.Data.Name} FILE says where the data of the run is now", error);
        }
    }
}
