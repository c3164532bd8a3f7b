using System.CommandLine;
using MiniGpt.Cli.Speech;
using MiniGpt.Model;
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
            Description = "Text files, folders of text, - for standard input, or token files (.bin). [default: the bundled --text]",
            HelpName = "FILE",
            AllowMultipleArgumentsPerToken = true,
            Arity = ArgumentArity.OneOrMore,
        }, (options, paths) => options with { Data = [.. paths.Select(Full)] });
        Text = Add(OptionFactory.Choice<BundledText>(OptionFactory.TextName,
            $"A text that comes with the program: parts of Shakespeare's plays, in English, or Natsume Soseki's novel I Am a Cat, in Japanese. --language does not choose it. [default: {OptionNames.Of(s_quick.Text)}]"),
            (options, value) => options with { Text = value, Data = [] });
        ValidationData = Add(OptionFactory.Text("--validation-data", "FILE", "A file to validate with, instead of the end of the data."),
            (options, path) => options with { ValidationData = Full(path!) });
        ValidationFraction = Number("--validation-fraction", "The share of the data, at its end, that is kept to validate with.",
            s_quick.ValidationFraction, (options, value) => options with { ValidationFraction = value });
        Choice("--unknown", "What to do with characters or words that the vocabulary does not have.",
            s_quick.Unknown, (options, value) => options with { Unknown = value });
        Add(VocabularySize, (options, value) => options with { VocabularySize = value });
        Choice("--batches", "Rows that start anywhere, or the data in its order.",
            s_quick.Batches, (options, value) => options with { Batches = value });

        Layers = Whole("--layers", "Transformer blocks.", s_quick.Layers, 1, (options, value) => options with { Layers = value });
        Heads = Whole("--heads", "Attention heads of a block; they share the width.",
            s_quick.Heads, 1, (options, value) => options with { Heads = value });
        Width = Whole("--width", "Numbers that stand for a token inside the model.",
            s_quick.Width, 1, (options, value) => options with { Width = value });
        Context = Whole("--context", "Tokens that the model sees at once.",
            s_quick.Context, 1, (options, value) => options with { Context = value });
        Activation = Add(OptionFactory.Choice<Activation>("--activation", "The nonlinearity of the feed-forward layers. [default: the architecture's]"),
            (options, value) => options with { Activation = value });
        Positions = Add(OptionFactory.Choice<PositionKind>("--positions", "How positions are told apart. [default: the architecture's]"),
            (options, value) => options with { Positions = value });
        Number("--dropout", "The share of activations that training sets to zero.",
            s_quick.Dropout, (options, value) => options with { Dropout = value });
        Add(OptionFactory.Number("--attention-dropout", "The same for the weights of attention. [default: as --dropout; 0 with --preset long]"),
            (options, value) => options with { AttentionDropout = value });

        Add(new Option<bool>("--mask-words") { Description = "--task masked: mask all pieces of a word together." },
            (options, value) => options with { MasksWords = value });
        Add(OptionFactory.Number("--label-smoothing", "--task translate: the share of each right word that is spread over all others. [default: 0]"),
            (options, value) => options with { LabelSmoothing = value });

        Steps = Whole("--steps", "Updates of the parameters.", s_quick.Steps, 1, (options, value) => options with { Steps = value });
        Whole("--batch-size", "Rows of a batch.", s_quick.BatchSize, 1, (options, value) => options with { BatchSize = value });
        Whole("--accumulate", "Batches whose gradients are added up for one update.",
            s_quick.Accumulate, 1, (options, value) => options with { Accumulate = value });
        Add(OptionFactory.Choice<WireType>("--wire", "Several processes: how gradients travel. bf16 halves their bytes, and makes results depend on how many "
            + "processes there are. [default: float32, as they are]"), (options, value) => options with { Wire = value });
        Choice("--optimizer", "Who updates the parameters; Muon the matrices alone, AdamW the rest.",
            s_quick.Optimizer, (options, value) => options with
            {
                Optimizer = value,
                MatrixRate = value == OptimizerKind.AdamW ? 0 : options.MatrixRate > 0 ? options.MatrixRate : s_quick.MatrixRate,
            });
        Number("--matrix-rate", "Muon: the learning rate of the matrices after the warm-up.",
            s_quick.MatrixRate, (options, value) => options with { MatrixRate = value });
        Number("--learning-rate", "The learning rate after the warm-up, with Muon of all but the matrices.",
            s_quick.LearningRate, (options, value) => options with { LearningRate = value });
        Number("--min-learning-rate", "The learning rate at the end.",
            s_quick.MinLearningRate, (options, value) => options with { MinLearningRate = value });
        Whole("--warmup-steps", "Steps in which the learning rate rises.",
            s_quick.WarmupSteps, 0, (options, value) => options with { WarmupSteps = value });
        Choice("--schedule", "How the learning rate falls afterwards.",
            s_quick.Schedule, (options, value) => options with { Schedule = value });
        Number("--decay-fraction", "The share of the steps, at their end, in which the learning rate falls; 1 for all after the warm-up.",
            s_quick.DecayFraction!.Value, (options, value) => options with { DecayFraction = value });
        Number("--beta1", "AdamW: how slowly the mean of the gradients changes.",
            s_quick.Beta1, (options, value) => options with { Beta1 = value });
        Number("--beta2", "AdamW: how slowly the mean of their squares changes.",
            s_quick.Beta2, (options, value) => options with { Beta2 = value });
        Number("--epsilon", "AdamW: keeps updates finite where gradients are zero.",
            s_quick.Epsilon, (options, value) => options with { Epsilon = value });
        Number("--weight-decay", "The decay of matrices and tables.",
            s_quick.WeightDecay, (options, value) => options with { WeightDecay = value });
        Number("--clip-norm", "The longest that a gradient may be; 0 never clips it.",
            s_quick.ClipNorm, (options, value) => options with { ClipNorm = value });
        Add(OptionFactory.Whole("--seed", Default("Decides all random numbers.", s_quick.Seed), ulong.MinValue, ulong.MaxValue),
            (options, value) => options with { Seed = value });

        Whole("--eval-every", "Steps from one evaluation to the next; 0 for none on the way.",
            s_quick.EvalEvery, 0, (options, value) => options with { EvalEvery = value });
        Whole("--eval-batches", "Random batches of an evaluation; 0 for the whole validation split.",
            s_quick.EvalBatches, 0, (options, value) => options with { EvalBatches = value });
        Whole("--sample-every", "Steps from one sample to the next; 0 for one line of text beside each evaluation.",
            s_quick.SampleEvery, 0, (options, value) => options with { SampleEvery = value });
        CheckpointEvery = OptionFactory.Whole("--checkpoint-every",
            "Steps from one checkpoint to the next; 0 only at the end. [default: with each evaluation]", 0, int.MaxValue);
        Add(CheckpointEvery, (options, value) => options with { CheckpointEvery = value });
        Keep = Whole("--keep", "Older checkpoints that stay beside the newest and the best one.",
            s_quick.Keep, 0, (options, value) => options with { Keep = value });
        Choice("--on-bad-loss", "What to do at a step whose loss or gradient is not finite: end the run before the update, or pass over the step.",
            s_quick.OnBadLoss, (options, value) => options with { OnBadLoss = value });
        LogEvery = Whole("--log-every", "Steps from one line of metrics.jsonl to the next; 0 for none. Losses are in nats (natural logarithms) a token; MFU, "
            + "model FLOPs utilisation, is the share of what the processor's multiply-add units can do.",
            s_quick.LogEvery, 0, (options, value) => options with { LogEvery = value });
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

    public Option<int> VocabularySize { get; } = OptionFactory.Whole(
        "--vocab-size", "--tokenizer bpe, unigram, wordpiece: how many tokens to learn. Token files: how many ids there are. "
            + "[default: that of --init-from or of --preset gpt2, else the largest id and one]", 1, int.MaxValue);

    public Option<int> Steps { get; }

    public Option<int> CheckpointEvery { get; }

    public Option<int> Keep { get; }

    public Option<int> LogEvery { get; }

    /// <summary>All of them, as they stand in the help.</summary>
    public IEnumerable<Option> All => _all.Select(setting => setting.Option);

    /// <summary>The options of a preset or a checkpoint, with what is given on the command line in their place.</summary>
    public TrainingOptions Apply(ParseResult arguments, TrainingOptions options) =>
        _all.Aggregate(options, (current, setting) => setting.Set(arguments, current));

    private static string Default(string description, object value) => FormattableString.Invariant($"{description} [default: {value}]");

    // A run can be resumed from another folder.
    private static string Full(string path) => path.Length == 0 ? throw new UsageException(Messages.Of("train.empty-path"))
        : path == TextSource.StandardInput ? path : Path.GetFullPath(path);

    private Option<int> Whole(string name, string description, int quick, int least, Func<TrainingOptions, int, TrainingOptions> set) =>
        Add(OptionFactory.Whole(name, Default(description, quick), least, int.MaxValue), set);

    private Option<double> Number(string name, string description, double quick, Func<TrainingOptions, double, TrainingOptions> set) =>
        Add(OptionFactory.Number(name, Default(description, quick)), set);

    private Option<T> Choice<T>(string name, string description, T quick, Func<TrainingOptions, T, TrainingOptions> set)
        where T : struct, Enum => Add(OptionFactory.Choice<T>(name, Default(description, OptionNames.Of(quick))), set);

    private Option<T> Add<T>(Option<T> option, Func<TrainingOptions, T, TrainingOptions> set)
    {
        _all.Add((option, (arguments, options) => arguments.IsGiven(option) ? set(options, arguments.GetValue(option)!) : options));
        return option;
    }
}
