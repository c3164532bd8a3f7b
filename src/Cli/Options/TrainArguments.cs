using System.CommandLine;
using MiniGpt.Cli.Display;
using MiniGpt.Model;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Data;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Layers;
using MiniGpt.Model.Tasks;
using MiniGpt.Model.Tokenizers;
using MiniGpt.Model.Training;
using MiniGpt.Tensors.Simd;

namespace MiniGpt.Cli.Options;

/// <summary>The options of train, and what they mean together.</summary>
internal sealed class TrainArguments
{
    private const string TokenCacheFolder = ".minigpt-tokens";

    private static readonly string s_learnedNames = string.Join('|', OptionNames.All<LearnedTokenizer>());

    private readonly TrainSettings _settings = new();
    private readonly ArchitectureArguments _architecture = new();
    private readonly Option<TrainingPreset> _preset =
        OptionFactory.Choice<TrainingPreset>("--preset",
            "The recipe to start from. The defaults below are those of quick. [default: quick; tiny with --init-from]");
    private readonly Option<TaskKind> _task = OptionFactory.Choice<TaskKind>("--task",
        "What the model learns: to go on with a text, to say what stands where words are masked, or to translate sentence pairs (a tab between the two, "
        + "or two files). [default: that of --init-from or --architecture, else next]");
    private readonly Option<string?> _out =
        OptionFactory.Text("--out", "DIR", "The folder to write. [default: runs/PRESET, or runs/PRESET-2 and so on]");
    private readonly Option<bool> _overwrite = new("--overwrite") { Description = "Replace the model, tokenizer or log that is in --out." };
    private readonly Option<string?> _initFrom =
        OptionFactory.Text("--init-from", "PATH", "Start from the sizes, weights and tokenizer of a model; a shorter --context is allowed.");
    private readonly Option<string?> _resume = OptionFactory.Text("--resume", "DIR",
        "Go on exactly where the run in DIR stopped; only --steps, --threads, --log-every, --checkpoint-every, --keep and --profile can be given again, "
        + "and --data and --validation-data where the same data has another name now.");
    private readonly Option<string?> _tokenizer = OptionFactory.Text("--tokenizer", $"{s_learnedNames}|{TokenizerOption.Gpt2}|PATH",
        "One token a character or word of the data, pieces of words learned from it (byte-level BPE, a unigram model, or BERT's WordPiece), GPT-2's, "
        + "or that of a folder or file. [default: char; gpt2 with --preset gpt2]");
    private readonly Option<bool> _profile = new("--profile")
    {
        Description = "Show at the end where the time went: each operator's calls, milliseconds and GFLOP/s.",
    };

    private readonly Command _command;

    /// <summary>Adds the options to a command.</summary>
    public TrainArguments(Command command)
    {
        _command = command;
        foreach (Option option in (IEnumerable<Option>)[_task, _preset, _out, _overwrite, _initFrom, _resume, _tokenizer, .. _settings.All, .. _architecture.All, _profile])
            command.Options.Add(option);
    }

    /// <summary>Whether the time of each operator is to be shown.</summary>
    public bool Profiles(ParseResult arguments) => arguments.GetValue(_profile);

    /// <summary>Reads the model and the data that the options ask for.</summary>
    /// <exception cref="UsageException">A value makes no sense, or options do not go together.</exception>
    public TrainPlan Plan(ParseResult arguments, CancellationToken cancellationToken) => arguments.GetValue(_resume) is string folder
        ? Resume(arguments, folder, cancellationToken)
        : Begin(arguments, cancellationToken);

    private TrainPlan Resume(ParseResult arguments, string folder, CancellationToken cancellationToken)
    {
        string[] allowed =
        [
            _resume.Name, "--threads", _settings.Steps.Name, _settings.LogEvery.Name, _settings.CheckpointEvery.Name,
            _settings.Keep.Name, _profile.Name, _settings.Data.Name, _settings.ValidationData.Name,
        ];
        if (_command.Options.FirstOrDefault(option => arguments.IsGiven(option) && !allowed.Contains(option.Name)) is Option other)
        {
            throw new UsageException(
                $"{other.Name} cannot be given with --resume: the run has its own options, only {string.Join(", ", allowed[1..])} can change");
        }

        RunFolder run = RunFolder.Open(folder);
        try
        {
            MemoryCheck.Check(run.ReadConfig(), run.ReadOptions(), MemoryLimit.Find(), isNew: false);
            Checkpoint<float> checkpoint = run.Load<float>();
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

    private static string VectorsOf(int bits) => bits == 0 ? "no vectors" : $"vectors of {bits} bits";

    /// <summary>Reads the data of a run that goes on.</summary>
    private TrainingData LoadDataAgain(string folder, TrainingOptions options, Checkpoint<float> checkpoint, CancellationToken cancellationToken)
    {
        try
        {
            return LoadData(folder, options, checkpoint.Tokenizer, checkpoint.Model.Config.VocabularySize, cancellationToken);
        }
        catch (FileNotFoundException error)
        {
            throw new FileNotFoundException($"{error.Message}; {_settings.Data.Name} FILE says where the data of the run is now", error);
        }
    }

    private TrainPlan Begin(ParseResult arguments, CancellationToken cancellationToken)
    {
        LoadedModel<float>? start = arguments.GetValue(_initFrom) is string from
            ? ModelFile.Load<float>(from, _settings.Apply(arguments, new TrainingOptions()).Unknown)
            : null;
        TaskKind task = arguments.IsGiven(_task) ? arguments.GetValue(_task)
            : start is null ? _architecture.TaskOf(arguments) : TrainingOptions.TaskOf(start.Any.Config.Kind);
        TrainingPreset preset = arguments.IsGiven(_preset) ? arguments.GetValue(_preset)
            : start is not null && task == TaskKind.Next ? TrainingPreset.Tiny : TrainingPreset.Quick;
        TrainingOptions options = arguments.IsGiven(_preset) || task == TaskKind.Next ? TrainingOptions.For(preset).WithTask(task) : TrainingOptions.For(task);
        if (start is not null)
        {
            options = WithSizesOf(start.Any.Config, options);
            CheckSizes(arguments, start);
        }

        UsageException.Check(() => options = _settings.Apply(arguments, _architecture.Apply(arguments, options)));
        string? tokenizerName = TokenizerName(arguments, preset, options, start);
        if (OptionNames.TryParse(tokenizerName ?? "", out LearnedTokenizer learned))
            options = options with { Tokenizer = learned };
        UsageException.Check(options.Validate);
        CheckParts(arguments, options);
        CheckVocabulary(arguments, options, start);
        if (arguments.IsGiven(_settings.ValidationData) && arguments.IsGiven(_settings.ValidationFraction))
            throw new UsageException("--validation-data and --validation-fraction are given: one or the other expected");
        if (arguments.IsGiven(_overwrite) && !arguments.IsGiven(_out))
            throw new UsageException("--overwrite replaces the model in --out DIR; no --out is given");

        List<string> notes = [];
        string folder = ChooseFolder(arguments, arguments.IsGiven(_preset) || task == TaskKind.Next ? OptionNames.Of(preset) : OptionNames.Of(task), notes);
        ITokenizer? tokenizer = start?.Tokenizer ?? ReadTokenizer(tokenizerName, options);
        if (start is { Tokenizer: null } && tokenizer?.VocabularySize > start.Any.Config.VocabularySize)
            throw new UsageException($"--tokenizer {tokenizerName} has {tokenizer.VocabularySize} tokens, at most the {start.Any.Config.VocabularySize} of {start.Path} expected");
        TrainingData data = LoadData(folder, options, tokenizer, start?.Any.Config.VocabularySize, cancellationToken);
        TransformerConfig config = start is null
            ? options.ToConfig(data.VocabularySize)
            : start.Any.Config with { Context = options.Context, Dropout = options.Dropout };
        MemoryCheck.Check(config, options, MemoryLimit.Find(), isNew: true);
        return new TrainPlan(folder, options, StartingModel(options, start, data), data, notes)
        {
            ExtraKeys = start?.ExtraKeys,
            Overwrite = arguments.GetValue(_overwrite),
        };
    }

    private static LanguageModel<float> StartingModel(TrainingOptions options, LoadedModel<float>? start, TrainingData data)
    {
        if (start is not null)
            return ContextCut.Apply(start.Any, options.Context, options.Dropout);
        TransformerConfig config = options.ToConfig(data.VocabularySize, data.Tokenizer);
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
        Layers = config.Layers,
        Heads = config.Attention.Heads,
        KeyHeads = config.Attention.KeyHeads == config.Attention.Heads ? null : config.Attention.KeyHeads,
        HeadSize = config.Attention.HeadSize == 0 ? null : config.Attention.HeadSize,
        Width = config.Width,
        Context = config.Context,
        Activation = config.FeedForward.Activation,
        Positions = config.Positions.Kind,
    };

    /// <summary>Sizes that are given beside --init-from must be those of the model, but for a shorter context.</summary>
    private void CheckSizes(ParseResult arguments, LoadedModel<float> start)
    {
        TransformerConfig config = start.Any.Config;
        if (_architecture.All.FirstOrDefault(arguments.IsGiven) is Option part)
            throw new UsageException($"{part.Name} does not go with --init-from, which brings the parts of its model");
        Check(_settings.Layers, config.Layers);
        Check(_settings.Heads, config.Attention.Heads);
        Check(_settings.Width, config.Width);
        Check(_settings.VocabularySize, config.VocabularySize);
        Check(_settings.Activation, config.FeedForward.Activation);
        Check(_settings.Positions, config.Positions.Kind);
        if (arguments.IsGiven(_settings.Context) && arguments.GetValue(_settings.Context) > config.Context)
        {
            throw new UsageException(
                $"--context {arguments.GetValue(_settings.Context)} found, at most the {config.Context} of {start.Path} expected");
        }

        void Check<T>(Option<T> option, T expected)
            where T : struct
        {
            if (arguments.IsGiven(option) && !expected.Equals(arguments.GetValue(option)))
            {
                string name = expected is Enum ? $"{option.Name} differs from" : $"{option.Name} {arguments.GetValue(option)} is not";
                throw new UsageException($"{name} that of {start.Path}: leave it out, --init-from brings it");
            }
        }
    }

    /// <summary>A recurrent network has none of the parts of a transformer that could be chosen.</summary>
    private void CheckParts(ParseResult arguments, TrainingOptions options)
    {
        if (options.ToConfig(vocabularySize: 1).Recurrence is null)
            return;
        IEnumerable<Option> parts = _architecture.OfTransformers.Concat([_settings.Heads, _settings.Activation, _settings.Positions]);
        if (parts.FirstOrDefault(arguments.IsGiven) is Option part)
            throw new UsageException($"{part.Name} is for transformers; {options.Architecture} is a recurrent network, which has no such part");
    }

    private void CheckVocabulary(ParseResult arguments, TrainingOptions options, LoadedModel<float>? start)
    {
        bool readsTokens = options.Data.Any(TextSource.IsTokenFile);
        string? name = arguments.GetValue(_tokenizer);
        bool isLearned = OptionNames.TryParse(name ?? "", out LearnedTokenizer learned);
        if (start?.Tokenizer is not null && name is not null)
            throw new UsageException("--tokenizer does not go with --init-from, which brings the tokenizer of its model");
        if (start is not null && isLearned)
            throw new UsageException($"--tokenizer {name} does not go with --init-from, whose model knows the tokens of another: {TokenizerOption.Gpt2} or a PATH expected");
        if (readsTokens && isLearned)
            throw new UsageException($"--tokenizer {name} does not go with token files (.bin), which have no text to make it from");
        bool hasSize = isLearned ? TokenizerLearner.HasSize(learned) : name is null && TokenizerLearner.HasSize(options.Tokenizer);
        if (hasSize && options.VocabularySize is null)
            throw new UsageException($"--tokenizer {name} needs to know how many tokens to learn: --vocab-size N");
        if (!readsTokens && !hasSize && start is null && arguments.IsGiven(_settings.VocabularySize))
            throw new UsageException("--vocab-size goes with --tokenizer bpe, unigram and wordpiece and with token files (.bin); other tokenizers bring their own");
    }

    /// <summary>The tokenizer that was asked for. GPT-2's preset has GPT-2's vocabulary, so its text is cut by GPT-2's tokenizer.</summary>
    private string? TokenizerName(ParseResult arguments, TrainingPreset preset, TrainingOptions options, LoadedModel<float>? start)
    {
        bool isOfPreset = preset == TrainingPreset.Gpt2 && start is null && !options.Data.Any(TextSource.IsTokenFile);
        return arguments.GetValue(_tokenizer) ?? (isOfPreset ? TokenizerOption.Gpt2 : null);
    }

    private static ITokenizer? ReadTokenizer(string? name, TrainingOptions options) =>
        name is not null && !OptionNames.TryParse(name, out LearnedTokenizer _) ? TokenizerOption.Read(name, options.Unknown) : null;

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
            notes.Add($"{first} is there already, this run goes into {free}");
        return free;
    }

    /// <summary>Reads the data. Its tokens are kept in a folder beside that of the run.</summary>
    private static TrainingData LoadData(
        string folder, TrainingOptions options, ITokenizer? tokenizer, int? vocabularySize, CancellationToken cancellationToken)
    {
        string cache = Path.Combine(Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder))) ?? folder, TokenCacheFolder);
        using Stream standardInput = StandardInput.Open(cancellationToken);
        return DataProgressDisplay.Run(progress =>
            TrainingData.Load(options, BundledText.Path, tokenizer, vocabularySize, standardInput, cache, progress, cancellationToken));
    }
}
