using System.CommandLine;
using MiniGpt.Cli.Display;
using MiniGpt.Cli.Speech;
using MiniGpt.Model;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Data;
using MiniGpt.Model.Distribution;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Layers;
using MiniGpt.Model.Lessons;
using MiniGpt.Model.Tasks;
using MiniGpt.Model.Tokenizers;
using MiniGpt.Model.Training;

namespace MiniGpt.Cli.Options;

/// <summary>The options of train, and what they mean together.</summary>
internal sealed partial class TrainArguments
{
    /// <summary>The options as the help groups them.</summary>
    public static IReadOnlyList<(string Heading, IReadOnlyList<string> Names)> Groups { get; } =
    [
        ("group.everyday-options", ["--data", "--text", "--preset", "--depth", "--task", "--out", "--steps", "--resume", "--init-from", "--config", "--overwrite", "--tokenizer", "--vocab-size", "--seed", "--threads", "--language"]),
        ("group.model", ["--architecture", "--layers", "--heads", "--width", "--context", "--dropout", "--attention-dropout", "--activation", "--positions", "--kv-heads", "--head-size", "--norm",
            "--norm-place", "--rope-base", "--gated", "--qk-norm", "--no-bias", "--window", "--untied-head"]),
        ("group.data", ["--validation-data", "--validation-fraction", "--unknown", "--batches", "--mask-words", "--source-tokenizer", "--target-tokenizer"]),
        ("group.updates", ["--batch-size", "--accumulate", "--optimizer", "--matrix-rate", "--learning-rate", "--min-learning-rate", "--warmup-steps", "--schedule", "--decay-fraction",
            "--beta1", "--beta2", "--epsilon", "--weight-decay", "--clip-norm", "--label-smoothing", "--on-bad-loss"]),
        ("group.machines", ["--cluster", "--wire"]),
        ("group.checks", ["--eval-every", "--eval-batches", "--sample-every", "--checkpoint-every", "--keep", "--log-every", "--profile"]),
    ];

    private readonly TrainSettings _settings = new();
    private readonly ArchitectureArguments _architecture = new();
    private readonly Option<TrainingPreset> _preset = OptionFactory.Choice<TrainingPreset>("--preset");
    private readonly Option<int> _depth = OptionFactory.Whole("--depth", 1, TrainingOptions.MostDepth);
    private readonly Option<TaskKind> _task = OptionFactory.Choice<TaskKind>("--task");
    private readonly Option<string?> _out = OptionFactory.Text("--out", "DIR");
    private readonly Option<bool> _overwrite = new("--overwrite");
    private readonly Option<string?> _initFrom = OptionFactory.Text("--init-from", "PATH");
    private readonly Option<string?> _resume = OptionFactory.Text("--resume", "DIR");
    private readonly Option<string?> _config = OptionFactory.Text(ConfigFile.Name, "FILE");
    private readonly Option<bool> _profile = new("--profile");

    private readonly ClusterOption _cluster = new();
    private readonly Command _command;

    /// <summary>Adds the options to a command.</summary>
    public TrainArguments(Command command)
    {
        _command = command;
        foreach (Option option in (IEnumerable<Option>)[_task, _preset, _depth, _out, _overwrite, _initFrom, _resume, _config, _tokenizer, _sourceTokenizer, _targetTokenizer, .. _settings.All, .. _architecture.All, _cluster, _profile])
            command.Options.Add(option);
    }

    /// <summary>Whether the time of each operator is to be shown.</summary>
    public bool Profiles(ParseResult arguments) => arguments.GetValue(_profile);

    /// <summary>The processes that train the model together.</summary>
    /// <exception cref="MiniGpt.Cluster.ClusterException">There are to be several, and they cannot be reached.</exception>
    public ICollective Join(ParseResult arguments) => _cluster.Join(arguments);

    /// <summary>Reads the model and the data that the options ask for.</summary>
    /// <param name="arguments">The options.</param>
    /// <param name="ranks">Who trains the model together.</param>
    /// <param name="folder">The folder that the first rank has chosen, on all others; null on the first.</param>
    /// <param name="cancellationToken">Ends it without a result.</param>
    /// <exception cref="UsageException">A value makes no sense, or options do not go together.</exception>
    public TrainPlan Plan(ParseResult arguments, ICollective ranks, string? folder, CancellationToken cancellationToken) =>
        arguments.GetValue(_resume) is string resumed
            ? Resume(arguments, resumed, ranks, cancellationToken)
            : Begin(arguments, ranks, folder, cancellationToken);

    private TrainPlan Begin(ParseResult arguments, ICollective ranks, string? chosen, CancellationToken cancellationToken)
    {
        LoadedModel<float>? start = arguments.GetValue(_initFrom) is string from
            ? ModelReading.Load(from, _settings.Apply(arguments, new TrainingOptions()).Unknown)
            : null;
        TrainingOptions? recorded = arguments.GetValue(_config) is string config ? OptionsOfRun(arguments, config) : null;
        TaskKind task = arguments.IsGiven(_task) ? arguments.GetValue(_task)
            : recorded is not null ? recorded.Task
            : start is null ? _architecture.TaskOf(arguments) : TrainingOptions.TaskOf(start.Any.Config.Kind);
        TrainingPreset preset = arguments.IsGiven(_preset) ? arguments.GetValue(_preset)
            : start is not null && task == TaskKind.Next ? TrainingPreset.Tiny : TrainingPreset.Quick;
        if (arguments.IsGiven(_depth))
            CheckDepth(arguments, task);
        TrainingOptions options = recorded ?? (arguments.IsGiven(_depth) ? TrainingOptions.ForDepth(arguments.GetValue(_depth)) : arguments.IsGiven(_preset) || task == TaskKind.Next ? TrainingOptions.For(preset).WithTask(task) : TrainingOptions.For(task));
        if (start is not null)
        {
            options = WithSizesOf(start.Any.Config, options);
            CheckSizes(arguments, start);
        }

        UsageException.Check(() => options = _settings.Apply(arguments, _architecture.Apply(arguments, options)));
        string? tokenizerName = TokenizerName(arguments, preset, options, start);
        if (OptionNames.TryParse(tokenizerName ?? "", out LearnedTokenizer learned))
            options = options with { Tokenizer = learned };
        string? sourceName = SourceTokenizerName(arguments, options);
        options = WithSourceTokenizer(arguments, options, sourceName);
        UsageException.Check(options.Validate);
        if (ranks.Size > options.Accumulate)
            throw new UsageException(Messages.Of("train.processes", ("processes", ranks.Size), ("accumulate", options.Accumulate)));
        if (ranks.Size > 1 && options.Data.Contains(TextSource.StandardInput))
            throw new UsageException(Messages.Of("train.standard-input"));
        CheckText(arguments, task);
        CheckParts(arguments, options);
        CheckVocabulary(arguments, options, start);
        RefuseBoth(arguments, _settings.ValidationData, _settings.ValidationFraction);
        if (arguments.IsGiven(_overwrite) && !arguments.IsGiven(_out))
            throw new UsageException(Messages.Of("train.overwrite"));

        List<string> notes = [];
        if (Messages.Language == Language.Japanese && start is null && task == TaskKind.Next && options is { Data.Count: 0, Text: BundledText.Shakespeare } && !arguments.IsGiven(_settings.Text))
            notes.Add(Messages.Of("header.text-hint"));
        string recipe = arguments.IsGiven(_depth) ? $"depth-{arguments.GetValue(_depth)}"
            : recorded is not null || arguments.IsGiven(_preset) || task == TaskKind.Next ? OptionNames.Of(preset) : OptionNames.Of(task);
        string folder = chosen ?? ChooseFolder(arguments, recipe, notes);
        ITokenizer? tokenizer = start?.Tokenizer ?? ReadTokenizer(tokenizerName, options);
        ITokenizer? source = start is not null ? start.SourceTokenizer : ReadSourceTokenizer(sourceName, options);
        if (start is { Tokenizer: null } && tokenizer?.VocabularySize > start.Any.Config.VocabularySize)
        {
            throw new UsageException(Messages.Of("train.tokenizer-size",
                ("tokenizer", tokenizerName!), ("tokens", tokenizer.VocabularySize), ("most", start.Any.Config.VocabularySize), ("model", start.Path)));
        }
        TrainingData data = RunData.Load(folder, options, tokenizer, source, start?.Any.Config.VocabularySize, cancellationToken);
        if (task == TaskKind.Next && preset is TrainingPreset.Quick or TrainingPreset.LongRun && recorded is null)
            options = ForShortText(arguments, data.Train.Length, options, notes);
        TransformerConfig sizes = start is null
            ? options.ToConfig(data.VocabularySize, data.Tokenizer, data.SourceTokenizer)
            : start.Any.Config with { Context = options.Context, Dropout = options.Dropout };
        MemoryCheck.Check(sizes, options, MemoryLimit.Find(), isNew: true, ranks);
        return new TrainPlan(folder, options, StartingModel(options, start, data), data, notes)
        {
            ExtraKeys = start?.ExtraKeys,
            Overwrite = arguments.GetValue(_overwrite),
        };
    }

    /// <summary>Dropout and fewer steps for a short text, where neither was asked for, with a word about it.</summary>
    private TrainingOptions ForShortText(ParseResult arguments, long tokens, TrainingOptions options, List<string> notes)
    {
        TrainingOptions careful = options.ForShortText(tokens);
        if (arguments.IsGiven(_settings.Dropout) || arguments.IsGiven(_settings.Steps) || careful == options)
            return options;
        notes.Add(Messages.Of("header.short-text",
            ("tokens", $"{tokens:N0}"), ("dropout", careful.Dropout), ("steps", careful.Steps), ("one", _settings.Dropout.Name), ("other", _settings.Steps.Name)));
        return careful;
    }

    private static LanguageModel<float> StartingModel(TrainingOptions options, LoadedModel<float>? start, TrainingData data)
    {
        if (start is not null)
            return ContextCut.Apply(start.Any, options.Context, options.Dropout);
        TransformerConfig config = options.ToConfig(data.VocabularySize, data.Tokenizer, data.SourceTokenizer);
        // Samples begin with this token where there is no prompt: one that training never meets would make nonsense of their beginnings.
        if (config.BeginOfTextId is int begin && config.Kind == ModelKind.Decoder && !data.Train.Contains(begin))
            config = config with { BeginOfTextId = null };
        LanguageModel<float> model = LanguageModel<float>.Create(config);
        model.Initialize(options.Seed);
        return model;
    }

    private static TrainingOptions WithSizesOf(TransformerConfig config, TrainingOptions options) => options with
    {
        Architecture = config.Architecture != Gpt2.Family.Name && ModelFamily.All.Any(family => family.Name == config.Architecture)
            ? config.Architecture
            : null,
        VocabularySize = config.VocabularySize,
        SourceTokenizer = config.Source is { VocabularySize: > 0 } ? LearnedTokenizer.BytePair : null,
        Layers = config.Layers,
        Heads = config.Attention.Heads,
        KeyHeads = config.Attention.KeyHeads == config.Attention.Heads ? null : config.Attention.KeyHeads,
        HeadSize = config.Attention.HeadSize == 0 ? null : config.Attention.HeadSize,
        Width = config.Width,
        Context = config.Context,
        Activation = config.FeedForward.Activation,
        Positions = config.Positions.Kind,
    };

    /// <summary>The options that a run wrote down.</summary>
    private TrainingOptions OptionsOfRun(ParseResult arguments, string path)
    {
        if (((Option[])[_preset, _depth, _task, _initFrom]).FirstOrDefault(arguments.IsGiven) is Option other)
            throw new UsageException(Messages.Of("train.config", ("option", other.Name), ("config", ConfigFile.Name), ("path", path)));
        return RunFolder.OptionsOf(path);
    }

    private string ChooseFolder(ParseResult arguments, string preset, List<string> notes)
    {
        if (arguments.GetValue(_out) is string folder)
        {
            OutputPath.CheckFolder(_out.Name, folder);
            // A log alone may be that of a run that goes on: what is said of it waits for the lock.
            if ((ModelFolder.Exists(folder) || TokenizerFolder.Exists(folder)) && !arguments.GetValue(_overwrite))
                UsageException.Check(() => RunFolder.RequireFree(folder));
            return folder;
        }

        string first = Path.Combine(ModelOption.Runs, preset), free = RunFolder.ChooseNew(first);
        if (free != first)
            notes.Add(Messages.Of("train.folder-taken", ("path", first), ("free", free)));
        return free;
    }
}
