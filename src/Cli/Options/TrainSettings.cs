using System.CommandLine;
using MiniGpt.Cli.Speech;
using MiniGpt.Model.Data;
using MiniGpt.Model.Distribution;
using MiniGpt.Model.Layers;
using MiniGpt.Model.Optimization;
using MiniGpt.Model.Training;

namespace MiniGpt.Cli.Options;

/// <summary>The options of train that are values of <see cref="TrainingOptions"/>. One that is given beats the preset.</summary>
internal sealed class TrainSettings
{
    private static readonly TrainingOptions s_quick = TrainingOptions.For(TrainingPreset.Quick);

    private readonly List<(Option Option, Func<ParseResult, TrainingOptions, TrainingOptions> Set)> _all = [];

    public TrainSettings()
    {
        Data = Add(new Option<string[]>("--data")
        {
            HelpName = "FILE",
            AllowMultipleArgumentsPerToken = true,
            Arity = ArgumentArity.OneOrMore,
        }, (options, paths) => options with { Data = [.. paths.Select(Full)] });
        Text = Choice(OptionFactory.TextName, s_quick.Text, (options, value) => options with { Text = value, Data = [] });
        ValidationData = Add(OptionFactory.Text("--validation-data", "FILE"), (options, path) => options with { ValidationData = Full(path!) });
        ValidationFraction = Number("--validation-fraction", s_quick.ValidationFraction, (options, value) => options with { ValidationFraction = value });
        Choice("--unknown", s_quick.Unknown, (options, value) => options with { Unknown = value });
        Add(VocabularySize, (options, value) => options with { VocabularySize = value });
        Choice("--batches", s_quick.Batches, (options, value) => options with { Batches = value });

        Layers = Whole("--layers", s_quick.Layers, 1, (options, value) => options with { Layers = value });
        Heads = Whole("--heads", s_quick.Heads, 1, (options, value) => options with { Heads = value });
        Width = Whole("--width", s_quick.Width, 1, (options, value) => options with { Width = value });
        Context = Whole("--context", s_quick.Context, 1, (options, value) => options with { Context = value });
        Activation = Add(OptionFactory.Choice<Activation>("--activation"), (options, value) => options with { Activation = value });
        Positions = Add(OptionFactory.Choice<PositionKind>("--positions"), (options, value) => options with { Positions = value });
        Dropout = Number("--dropout", s_quick.Dropout, (options, value) => options with { Dropout = value });
        Add(OptionFactory.Number("--attention-dropout"), (options, value) => options with { AttentionDropout = value });

        Add(new Option<bool>("--mask-words"), (options, value) => options with { MasksWords = value });
        Add(OptionFactory.Number("--label-smoothing"), (options, value) => options with { LabelSmoothing = value });

        Steps = Whole("--steps", s_quick.Steps, 1, (options, value) => options with { Steps = value });
        Whole("--batch-size", s_quick.BatchSize, 1, (options, value) => options with { BatchSize = value });
        Whole("--accumulate", s_quick.Accumulate, 1, (options, value) => options with { Accumulate = value });
        Add(OptionFactory.Choice<WireType>("--wire"), (options, value) => options with { Wire = value });
        Choice("--optimizer", s_quick.Optimizer, (options, value) => options with
        {
            Optimizer = value,
            MatrixRate = value == OptimizerKind.AdamW ? 0 : options.MatrixRate > 0 ? options.MatrixRate : s_quick.MatrixRate,
        });
        Number("--matrix-rate", s_quick.MatrixRate, (options, value) => options with { MatrixRate = value });
        Number("--learning-rate", s_quick.LearningRate, (options, value) => options with { LearningRate = value });
        Number("--min-learning-rate", s_quick.MinLearningRate, (options, value) => options with { MinLearningRate = value });
        Whole("--warmup-steps", s_quick.WarmupSteps, 0, (options, value) => options with { WarmupSteps = value });
        Choice("--schedule", s_quick.Schedule, (options, value) => options with { Schedule = value });
        Number("--decay-fraction", s_quick.DecayFraction!.Value, (options, value) => options with { DecayFraction = value });
        Number("--beta1", s_quick.Beta1, (options, value) => options with { Beta1 = value });
        Number("--beta2", s_quick.Beta2, (options, value) => options with { Beta2 = value });
        Number("--epsilon", s_quick.Epsilon, (options, value) => options with { Epsilon = value });
        Number("--weight-decay", s_quick.WeightDecay, (options, value) => options with { WeightDecay = value });
        Number("--clip-norm", s_quick.ClipNorm, (options, value) => options with { ClipNorm = value });
        Add(OptionFactory.Whole("--seed", ulong.MinValue, ulong.MaxValue).Defaulting(s_quick.Seed), (options, value) => options with { Seed = value });

        Whole("--eval-every", s_quick.EvalEvery, 0, (options, value) => options with { EvalEvery = value });
        Whole("--eval-batches", s_quick.EvalBatches, 0, (options, value) => options with { EvalBatches = value });
        Whole("--sample-every", s_quick.SampleEvery, 0, (options, value) => options with { SampleEvery = value });
        CheckpointEvery = OptionFactory.Whole("--checkpoint-every", 0, int.MaxValue);
        Add(CheckpointEvery, (options, value) => options with { CheckpointEvery = value });
        Keep = Whole("--keep", s_quick.Keep, 0, (options, value) => options with { Keep = value });
        Choice("--on-bad-loss", s_quick.OnBadLoss, (options, value) => options with { OnBadLoss = value });
        LogEvery = Whole("--log-every", s_quick.LogEvery, 0, (options, value) => options with { LogEvery = value });
    }

    public Option<string[]> Data { get; }

    public Option<BundledText> Text { get; }

    public Option<string?> ValidationData { get; }

    public Option<double> ValidationFraction { get; }

    public Option<int> Layers { get; }

    public Option<int> Heads { get; }

    public Option<int> Width { get; }

    public Option<int> Context { get; }

    public Option<Activation> Activation { get; }

    public Option<PositionKind> Positions { get; }

    public Option<double> Dropout { get; }

    public Option<int> VocabularySize { get; } = OptionFactory.Whole("--vocab-size", 1, int.MaxValue);

    public Option<int> Steps { get; }

    public Option<int> CheckpointEvery { get; }

    public Option<int> Keep { get; }

    public Option<int> LogEvery { get; }

    /// <summary>All of them, as they stand in the help.</summary>
    public IEnumerable<Option> All => _all.Select(setting => setting.Option);

    /// <summary>The options of a preset or a checkpoint, with what is given on the command line in their place.</summary>
    public TrainingOptions Apply(ParseResult arguments, TrainingOptions options) =>
        _all.Aggregate(options, (current, setting) => setting.Set(arguments, current));

    // A run can be resumed from another folder.
    private static string Full(string path) => path.Length == 0 ? throw new UsageException(Messages.Of("train.empty-path"))
        : path == TextSource.StandardInput ? path : Path.GetFullPath(path);

    private Option<int> Whole(string name, int quick, int least, Func<TrainingOptions, int, TrainingOptions> set) =>
        Add(OptionFactory.Whole(name, least, int.MaxValue).Defaulting(quick), set);

    private Option<double> Number(string name, double quick, Func<TrainingOptions, double, TrainingOptions> set) =>
        Add(OptionFactory.Number(name).Defaulting(quick), set);

    private Option<T> Choice<T>(string name, T quick, Func<TrainingOptions, T, TrainingOptions> set)
        where T : struct, Enum => Add(OptionFactory.Choice<T>(name).Defaulting(quick), set);

    private Option<T> Add<T>(Option<T> option, Func<TrainingOptions, T, TrainingOptions> set)
    {
        _all.Add((option, (arguments, options) => arguments.IsGiven(option) ? set(options, arguments.GetValue(option)!) : options));
        return option;
    }
}
