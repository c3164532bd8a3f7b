using System.CommandLine;
using MiniGpt.Model;
using MiniGpt.Model.Data;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Tokenizers;
using MiniGpt.Model.Training;

namespace MiniGpt.Cli.Options;

/// <summary>The options of train, and what they mean together.</summary>
internal sealed class TrainArguments
{
    private const string CharacterTokenizerName = "char";

    private readonly TrainSettings _settings = new();
    private readonly Option<TrainingPreset> _preset =
        OptionFactory.Choice<TrainingPreset>("--preset", "The recipe to start from. The defaults below are those of tiny. [default: tiny]");
    private readonly Option<string?> _out =
        OptionFactory.Text("--out", "DIR", "The folder to write. [default: runs/PRESET, or runs/PRESET-2 and so on]");
    private readonly Option<bool> _overwrite = new("--overwrite") { Description = "Replace the model that is in --out." };
    private readonly Option<string?> _initFrom =
        OptionFactory.Text("--init-from", "DIR", "Start from the sizes, weights and tokenizer of a model; a shorter --context is allowed.");
    private readonly Option<string?> _resume = OptionFactory.Text("--resume", "DIR",
        "Go on exactly where the run in DIR stopped; only --steps, --threads, --log-every, --checkpoint-every, --keep and --profile can be given again.");
    private readonly Option<string?> _tokenizer = OptionFactory.Text("--tokenizer", "char|DIR",
        "One token a character of the data, or the tokenizer.json of a folder. [default: char]");
    private readonly Option<bool> _profile = new("--profile")
    {
        Description = "Show at the end where the time went: each operator's calls, milliseconds and GFLOP/s.",
    };

    private readonly Command _command;

    /// <summary>Adds the options to a command.</summary>
    public TrainArguments(Command command)
    {
        _command = command;
        foreach (Option option in (IEnumerable<Option>)[_preset, _out, _overwrite, _initFrom, _resume, _tokenizer, .. _settings.All, _profile])
            command.Options.Add(option);
    }

    /// <summary>Whether the time of each operator is to be shown.</summary>
    public bool Profiles(ParseResult arguments) => arguments.GetValue(_profile);

    /// <summary>Reads the model and the data that the options ask for.</summary>
    /// <exception cref="UsageException">A value makes no sense, or options do not go together.</exception>
    public TrainPlan Plan(ParseResult arguments) =>
        arguments.GetValue(_resume) is string folder ? Resume(arguments, folder) : Begin(arguments);

    private TrainPlan Resume(ParseResult arguments, string folder)
    {
        string[] allowed =
        [
            _resume.Name, "--threads", _settings.Steps.Name, _settings.LogEvery.Name, _settings.CheckpointEvery.Name,
            _settings.Keep.Name, _profile.Name,
        ];
        if (_command.Options.FirstOrDefault(option => arguments.IsGiven(option) && !allowed.Contains(option.Name)) is Option other)
        {
            throw new UsageException(
                $"{other.Name} cannot be given with --resume: the run has its own options, only {string.Join(", ", allowed[1..])} can change");
        }

        RunFolder run = RunFolder.Open(folder);
        try
        {
            Checkpoint<float> checkpoint = run.Load<float>();
            TrainingOptions options = _settings.Apply(arguments, checkpoint.Options);
            TrainingData data = LoadData(options, checkpoint.Tokenizer, checkpoint.Gpt.Config.VocabularySize);
            string note = $"the run goes on after step {checkpoint.Step}";
            return new TrainPlan(folder, options, checkpoint.Gpt, data, [note]) { Checkpoint = checkpoint, Resumed = run };
        }
        catch
        {
            run.Dispose();
            throw;
        }
    }

    private TrainPlan Begin(ParseResult arguments)
    {
        TrainingPreset preset = arguments.GetValue(_preset);
        TrainingOptions options = TrainingOptions.For(preset);
        LoadedModel<float>? start = null;
        if (arguments.GetValue(_initFrom) is string from)
        {
            start = ModelFile.Load<float>(from, _settings.Apply(arguments, options).Unknown);
            options = WithSizesOf(start.Gpt.Config, options);
            CheckSizes(arguments, start);
        }

        options = _settings.Apply(arguments, options);
        UsageException.Check(options.Validate);
        CheckVocabulary(arguments, options, start);
        if (arguments.IsGiven(_overwrite) && !arguments.IsGiven(_out))
            throw new UsageException("--overwrite replaces the model in --out DIR; no --out is given");

        List<string> notes = [];
        string folder = ChooseFolder(arguments, OptionNames.Of(preset), notes);
        TrainingData data = LoadData(options, start?.Tokenizer ?? GivenTokenizer(arguments, options), start?.Gpt.Config.VocabularySize);
        return new TrainPlan(folder, options, StartingModel(options, start, data), data, notes)
        {
            ExtraKeys = start?.ExtraKeys,
            Overwrite = arguments.GetValue(_overwrite),
        };
    }

    private static Gpt<float> StartingModel(TrainingOptions options, LoadedModel<float>? start, TrainingData data)
    {
        if (start is not null)
            return ContextCut.Apply(start.Gpt, options.Context, options.Dropout);
        Gpt<float> gpt = new(options.ToConfig(data.VocabularySize));
        gpt.Initialize(options.Seed);
        return gpt;
    }

    private static TrainingOptions WithSizesOf(GptConfig config, TrainingOptions options) => options with
    {
        VocabularySize = config.VocabularySize,
        Layers = config.Layers,
        Heads = config.Heads,
        Width = config.Width,
        Context = config.Context,
        Activation = config.Activation,
        Positions = config.Positions,
    };

    /// <summary>Sizes that are given beside --init-from must be those of the model, but for a shorter context.</summary>
    private void CheckSizes(ParseResult arguments, LoadedModel<float> start)
    {
        GptConfig config = start.Gpt.Config;
        Check(_settings.Layers, config.Layers);
        Check(_settings.Heads, config.Heads);
        Check(_settings.Width, config.Width);
        Check(_settings.VocabularySize, config.VocabularySize);
        Check(_settings.Activation, config.Activation);
        Check(_settings.Positions, config.Positions);
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

    private void CheckVocabulary(ParseResult arguments, TrainingOptions options, LoadedModel<float>? start)
    {
        bool readsTokens = options.Data.Any(TextSource.IsTokenFile);
        if (start is not null && arguments.IsGiven(_tokenizer))
            throw new UsageException("--tokenizer does not go with --init-from, which brings the tokenizer of its model");
        if (readsTokens && arguments.GetValue(_tokenizer) == CharacterTokenizerName)
            throw new UsageException("--tokenizer char does not go with token files (.bin), which have no characters");
        if (!readsTokens && start is null && arguments.IsGiven(_settings.VocabularySize))
            throw new UsageException("--vocab-size goes with token files (.bin); that of text is how many different characters it has");
    }

    private ITokenizer? GivenTokenizer(ParseResult arguments, TrainingOptions options) =>
        arguments.GetValue(_tokenizer) is string folder and not CharacterTokenizerName
            ? TokenizerJson.Read(Path.Combine(folder, "tokenizer.json"), options.Unknown)
            : null;

    private string ChooseFolder(ParseResult arguments, string preset, List<string> notes)
    {
        if (arguments.GetValue(_out) is string folder)
        {
            if (ModelFolder.Exists(folder) && !arguments.GetValue(_overwrite))
            {
                throw new UsageException(
                    $"--out {folder} holds a model: --resume {folder} goes on with its training, --overwrite replaces it");
            }
            return folder;
        }

        string first = Path.Combine(ModelOption.Runs, preset), free = RunFolder.ChooseNew(first);
        if (free != first)
            notes.Add($"{first} is there already, this run goes into {free}");
        return free;
    }

    private static TrainingData LoadData(TrainingOptions options, ITokenizer? tokenizer, int? vocabularySize)
    {
        using Stream standardInput = Console.OpenStandardInput();
        return TrainingData.Load(options, BundledText.Path, tokenizer, vocabularySize, standardInput);
    }
}
