using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using MiniGpt.Model.Data;
using MiniGpt.Model.Optimization;
using MiniGpt.Model.Tokenizers;

namespace MiniGpt.Model.Training;

/// <summary>A recipe to start from.</summary>
[JsonConverter(typeof(NameConverter<TrainingPreset>))]
public enum TrainingPreset
{
    /// <summary>0.8 million parameters: minutes on a laptop.</summary>
    [JsonStringEnumMemberName("tiny")] Tiny,

    /// <summary>nanoGPT's Shakespeare by characters: 10 million parameters.</summary>
    [JsonStringEnumMemberName("baby")] Baby,

    /// <summary>nanoGPT's reproduction of GPT-2, 124 million parameters.</summary>
    [JsonStringEnumMemberName("gpt2")] Gpt2,
}

/// <summary>What happens at a step whose loss or gradient is not a finite number.</summary>
[JsonConverter(typeof(NameConverter<BadLossAction>))]
public enum BadLossAction
{
    /// <summary>The run ends before the update.</summary>
    [JsonStringEnumMemberName("stop")] Stop,

    /// <summary>The run goes on with the next batch; parameters and optimizer stay as they were.</summary>
    [JsonStringEnumMemberName("skip")] Skip,
}

/// <summary>
/// Everything that decides what a training run computes: two runs with the same options write the same model. The values that stand
/// here are those of the preset tiny.
/// </summary>
public sealed record TrainingOptions
{
    /// <summary>Text files, folders, "-" or token files to learn from. None of them: the bundled Shakespeare.</summary>
    public IReadOnlyList<string> Data { get; init; } = [];

    /// <summary>A text or token file to validate with, instead of the end of the data.</summary>
    public string? ValidationData { get; init; }

    /// <summary>The share of the data that is kept for validation, in [0, 1).</summary>
    public double ValidationFraction { get; init; } = 0.1;

    /// <summary>The tokenizer that is made from the text, where none is given.</summary>
    public LearnedTokenizer Tokenizer { get; init; }

    /// <summary>What is done with characters or words that the vocabulary does not know.</summary>
    public UnknownCharacter Unknown { get; init; }

    /// <summary>V: of token files, or of a byte-level BPE that is to be learned. Other tokenizers bring their own.</summary>
    public int? VocabularySize { get; init; }

    /// <summary>How many transformer blocks.</summary>
    public int Layers { get; init; } = 4;

    /// <summary>How many attention heads a block.</summary>
    public int Heads { get; init; } = 4;

    /// <summary>C: the width of the model.</summary>
    public int Width { get; init; } = 128;

    /// <summary>T: how many tokens the model sees at once.</summary>
    public int Context { get; init; } = 64;

    /// <summary>The share of activations that are set to zero, in [0, 1).</summary>
    public double Dropout { get; init; }

    /// <summary>The nonlinearity of the feed-forward layers.</summary>
    public Activation Activation { get; init; }

    /// <summary>How positions are told apart.</summary>
    public PositionKind Positions { get; init; }

    /// <summary>In which order the tokens are gone through.</summary>
    public BatchOrder Batches { get; init; }

    /// <summary>How many updates of the parameters.</summary>
    public int Steps { get; init; } = 2000;

    /// <summary>B: the rows of one batch.</summary>
    public int BatchSize { get; init; } = 12;

    /// <summary>How many batches' gradients are added up for one update.</summary>
    public int Accumulate { get; init; } = 1;

    /// <summary>The learning rate after the warm-up.</summary>
    public double LearningRate { get; init; } = 1e-3;

    /// <summary>The learning rate at the end.</summary>
    public double MinLearningRate { get; init; } = 1e-4;

    /// <summary>How many steps the learning rate rises.</summary>
    public int WarmupSteps { get; init; } = 100;

    /// <summary>How the learning rate falls afterwards.</summary>
    public ScheduleKind Schedule { get; init; }

    /// <summary>AdamW's β₁, in [0, 1).</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>AdamW's β₂, in [0, 1).</summary>
    public double Beta2 { get; init; } = 0.99;

    /// <summary>AdamW's ε.</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>AdamW's weight decay, on parameters of two dimensions.</summary>
    public double WeightDecay { get; init; } = 0.1;

    /// <summary>The longest that the gradient may be; 0 never clips it.</summary>
    public double ClipNorm { get; init; } = 1;

    /// <summary>Where all random numbers come from.</summary>
    public ulong Seed { get; init; } = 1337;

    /// <summary>Evaluate each so many steps; 0 never.</summary>
    public int EvalEvery { get; init; } = 250;

    /// <summary>How many random batches an evaluation reads; 0 the whole split.</summary>
    public int EvalBatches { get; init; } = 20;

    /// <summary>Print a sample each so many steps; 0 never.</summary>
    public int SampleEvery { get; init; }

    /// <summary>Write a checkpoint each so many steps; 0 only at the end, and not given with each evaluation.</summary>
    public int? CheckpointEvery { get; init; }

    /// <summary>How many checkpoints stay beside the newest and the best one.</summary>
    public int Keep { get; init; } = 1;

    /// <summary>What happens at a step whose loss or gradient is not a finite number.</summary>
    public BadLossAction OnBadLoss { get; init; }

    /// <summary>Log each so many steps; 0 never.</summary>
    public int LogEvery { get; init; } = 10;

    /// <summary>The learning rate of each step.</summary>
    [JsonIgnore]
    public LearningRateSchedule LearningRates => new(Schedule, LearningRate, MinLearningRate, WarmupSteps, Steps);

    /// <summary>The options of a preset.</summary>
    public static TrainingOptions For(TrainingPreset preset) => preset switch
    {
        TrainingPreset.Tiny => new(),
        TrainingPreset.Baby => new()
        {
            Layers = 6,
            Heads = 6,
            Width = 384,
            Context = 256,
            Dropout = 0.2,
            BatchSize = 64,
            Steps = 5000,
        },
        TrainingPreset.Gpt2 => new()
        {
            VocabularySize = 50257,
            Layers = 12,
            Heads = 12,
            Width = 768,
            Context = 1024,
            Accumulate = 40,
            Steps = 600_000,
            LearningRate = 6e-4,
            MinLearningRate = 6e-5,
            WarmupSteps = 2000,
            Beta2 = 0.95,
        },
        _ => throw new ArgumentException($"there is no preset {preset}"),
    };

    /// <summary>Reads what <see cref="ToJson"/> wrote. What is left out has its default.</summary>
    /// <exception cref="JsonException">It is no such JSON.</exception>
    public static TrainingOptions FromJson(string json)
    {
        if (JsonNode.Parse(json, documentOptions: new() { AllowDuplicateProperties = false }) is not JsonObject given)
            throw new JsonException("an object of training options expected");
        // Generated code gives a missing key the default of its type, not that of its property: lay the keys over the defaults.
        JsonObject options = JsonSerializer.SerializeToNode(new TrainingOptions(), TrainingJson.Default.TrainingOptions)!.AsObject();
        foreach ((string key, JsonNode? value) in given)
            options[key] = value?.DeepClone();
        return options.Deserialize(TrainingJson.Default.TrainingOptions)!;
    }

    /// <summary>The options as they stand in training.json.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, TrainingJson.Default.TrainingOptions);

    /// <summary>The model that these options train.</summary>
    /// <param name="vocabularySize">V.</param>
    /// <param name="tokenizer">
    /// The tokenizer of the data. Its end-of-text token begins a text as well as it ends one, as in GPT-2; where it has none the model has none.
    /// </param>
    public GptConfig ToConfig(int vocabularySize, ITokenizer? tokenizer = null) => new()
    {
        VocabularySize = vocabularySize,
        Context = Context,
        Layers = Layers,
        Heads = Heads,
        Width = Width,
        Activation = Activation,
        Positions = Positions,
        Dropout = Dropout,
        BeginOfTextId = tokenizer?.EndOfTextId,
        EndOfTextId = tokenizer?.EndOfTextId,
    };

    /// <summary>Throws where no run can have these options.</summary>
    /// <exception cref="ArgumentException">One line that names the value and the rule that it breaks.</exception>
    public void Validate()
    {
        ToConfig(VocabularySize ?? 1).Validate();
        Require.Fraction(ValidationFraction, "validation fraction");
        Require.Positive(Steps, "number of steps");
        Require.Positive(BatchSize, "batch size");
        Require.Positive(Accumulate, "number of accumulated batches");
        Require.That((long)BatchSize * Context <= int.MaxValue, $"a batch of {BatchSize} rows of {Context} tokens is too large");
        Require.Positive(LearningRate, "learning rate");
        Require.NotNegative(MinLearningRate, "minimum learning rate");
        Require.That(MinLearningRate <= LearningRate || Schedule == ScheduleKind.Constant,
            $"the minimum learning rate {MinLearningRate} is above the learning rate {LearningRate}");
        Require.NotNegative(WarmupSteps, "number of warm-up steps");
        Require.Fraction(Beta1, "beta1");
        Require.Fraction(Beta2, "beta2");
        Require.Positive(Epsilon, "epsilon");
        Require.NotNegative(WeightDecay, "weight decay");
        Require.NotNegative(ClipNorm, "clip norm");
        Require.NotNegative(EvalEvery, "number of steps between evaluations");
        Require.NotNegative(EvalBatches, "number of evaluation batches");
        Require.NotNegative(SampleEvery, "number of steps between samples");
        Require.NotNegative(CheckpointEvery ?? 0, "number of steps between checkpoints");
        Require.NotNegative(Keep, "number of checkpoints to keep");
        Require.NotNegative(LogEvery, "number of steps between log lines");
    }
}

/// <summary>How training.json is written: snake_case names, choices by their names, and nothing unknown is passed over.</summary>
[JsonSourceGenerationOptions(
    WriteIndented = true,
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectNullableAnnotations = true,
    AllowDuplicateProperties = false)]
[JsonSerializable(typeof(TrainingOptions))]
internal sealed partial class TrainingJson : JsonSerializerContext;
