using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Data;
using MiniGpt.Model.Distribution;
using MiniGpt.Model.Layers;
using MiniGpt.Model.Optimization;
using MiniGpt.Model.Tasks;
using MiniGpt.Model.Tokenizers;

namespace MiniGpt.Model.Training;

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
public sealed partial record TrainingOptions
{
    /// <summary>Text files, folders, "-" or token files to learn from. None of them: the bundled <see cref="Text"/>.</summary>
    public IReadOnlyList<string> Data { get; init; } = [];

    /// <summary>Which of the bundled texts is learned from where <see cref="Data"/> names nothing.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public BundledText Text { get; init; }

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

    /// <summary>The share of attention's weights that are set to zero, in [0, 1); null for that of all else.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? AttentionDropout { get; init; }

    /// <summary>What the model learns to do.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public TaskKind Task { get; init; }

    /// <summary>Whether all pieces of a word are masked together.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool MasksWords { get; init; }

    /// <summary>The share of each word of a translation that is spread over all tokens while it is learned, in [0, 1).</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public double LabelSmoothing { get; init; }

    /// <summary>
    /// The tokenizer that is made from the sentences that are translated, where each language has its own, with a table of tokens of its own:
    /// <see cref="Tokenizer"/> is that of the translations then. Null where both share one.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public LearnedTokenizer? SourceTokenizer { get; init; }

    /// <summary>The family of the model, one of <see cref="ModelFamily.All"/>; null for GPT-2.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Architecture { get; init; }

    /// <summary>The nonlinearity of the feed-forward layers; null for that of the architecture.</summary>
    public Activation? Activation { get; init; } = Model.Layers.Activation.GeluTanh;

    /// <summary>How positions are told apart; null for the architecture's way.</summary>
    public PositionKind? Positions { get; init; } = PositionKind.Learned;

    /// <summary>Heads of keys and values, where they are fewer than the heads.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? KeyHeads { get; init; }

    /// <summary>The width of a head, where it is not the width over the heads.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? HeadSize { get; init; }

    /// <summary>How norms scale; null for the architecture's way.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public NormKind? Norm { get; init; }

    /// <summary>Where the norms of a block stand; null for the architecture's place.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public NormPlace? NormPlace { get; init; }

    /// <summary>The base of the wavelengths of rotary positions; null for the architecture's.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? RotaryBase { get; init; }

    /// <summary>Whether the feed-forward layers are gated; null as the architecture has it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? Gated { get; init; }

    /// <summary>Whether queries and keys are normed; null as the architecture has it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? NormsQueriesAndKeys { get; init; }

    /// <summary>Whether layers have biases; null as the architecture has it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? Biases { get; init; }

    /// <summary>How many positions a query sees at most; null for all.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Window { get; init; }

    /// <summary>What projects to logits; null as the architecture has it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public HeadKind? Head { get; init; }

    /// <summary>In which order the tokens are gone through.</summary>
    public BatchOrder Batches { get; init; }

    /// <summary>Whether blocks start as the identity, their matrices back to the residual stream at zero.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool StartsAsIdentity { get; init; }

    /// <summary>Who updates the parameters.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public OptimizerKind Optimizer { get; init; }

    /// <summary>Muon's learning rate of matrices at the peak; 0 where they have AdamW's.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public double MatrixRate { get; init; }

    /// <summary>The share of the steps, at their end, in which the learning rate falls; null for all after the warm-up.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? DecayFraction { get; init; }

    /// <summary>How many updates of the parameters.</summary>
    public int Steps { get; init; } = 2000;

    /// <summary>B: the rows of one batch.</summary>
    public int BatchSize { get; init; } = 12;

    /// <summary>How many batches' gradients are added up for one update.</summary>
    public int Accumulate { get; init; } = 1;

    /// <summary>How gradients go from rank to rank, where several train the model together.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public WireType Wire { get; init; }

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

    /// <summary>The weight decay of parameters of two dimensions.</summary>
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

    /// <summary>With which probabilities numbers are set to zero.</summary>
    [JsonIgnore]
    public DropoutRates DropoutRates => new(Dropout, AttentionDropout ?? Dropout);

    /// <summary>What decides about the batches.</summary>
    [JsonIgnore]
    public NextTokenOptions NextToken => new()
    {
        Context = Context,
        BatchSize = BatchSize,
        Accumulate = Accumulate,
        Order = Batches,
        Dropout = DropoutRates,
        Seed = Seed,
        EvalBatches = EvalBatches,
    };

    /// <summary>What decides about the batches of sentence pairs.</summary>
    [JsonIgnore]
    public TranslationTaskOptions Translation => new()
    {
        BatchSize = BatchSize,
        Accumulate = Accumulate,
        Dropout = DropoutRates,
        LabelSmoothing = LabelSmoothing,
        Seed = Seed,
        EvalBatches = EvalBatches,
    };

    /// <summary>The learning rate of each step.</summary>
    [JsonIgnore]
    public LearningRateSchedule LearningRates => new(Schedule, LearningRate, MinLearningRate, WarmupSteps, Steps, DecayFraction ?? 1);

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

    /// <summary>Throws where no run can have these options.</summary>
    /// <exception cref="ArgumentException">One line that names the value and the rule that it breaks.</exception>
    public void Validate()
    {
        ToConfig(VocabularySize ?? 1).Validate();
        Require.Fraction(ValidationFraction, "validation fraction");
        Require.Fraction(AttentionDropout ?? 0, "dropout of attention");
        Require.That(AttentionDropout is null || ToConfig(VocabularySize ?? 1).Recurrence is null,
            $"a dropout of attention, {AttentionDropout}, goes with models that have attention alone");
        Require.Fraction(LabelSmoothing, "label smoothing");
        Require.That(LabelSmoothing == 0 || Task == TaskKind.Translate, $"label smoothing, {LabelSmoothing}, goes with translation alone");
        Require.That(SourceTokenizer is null || Task == TaskKind.Translate, $"a tokenizer for each language goes with translation alone");
        Require.That(!MasksWords || Task == TaskKind.Masked, $"whole words can only be masked when masked words are learned");
        Require.Positive(Steps, "number of steps");
        Require.Positive(BatchSize, "batch size");
        Require.Positive(Accumulate, "number of accumulated batches");
        Require.That(Batches == BatchOrder.Random || Task != TaskKind.Translate,
            $"batches of sentence pairs come in a random order, {OptionNames.Of(Batches)} was asked for");
        Require.That((long)BatchSize * Context <= int.MaxValue, $"a batch of {BatchSize} rows of {Context} tokens is too large");
        Require.Positive(LearningRate, "learning rate");
        Require.That(Optimizer != OptimizerKind.Muon || MatrixRate > 0 && double.IsFinite(MatrixRate),
            $"the learning rate of matrices must be positive with Muon, it is {MatrixRate}");
        Require.That(Optimizer == OptimizerKind.Muon || MatrixRate == 0, $"a learning rate of matrices, {MatrixRate}, goes with Muon alone");
        Require.That(RotaryBase is null || ToConfig(VocabularySize ?? 1).Positions.Kind == PositionKind.Rotary,
            $"a base of rotary positions, {RotaryBase}, goes with rotary positions alone");
        Require.That(DecayFraction is null or (> 0 and <= 1), $"the decay fraction must be above 0 and at most 1, it is {DecayFraction}");
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
