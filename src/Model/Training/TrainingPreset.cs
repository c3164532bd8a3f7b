using System.Text.Json.Serialization;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Data;
using MiniGpt.Model.Optimization;
using MiniGpt.Model.Tasks;

namespace MiniGpt.Model.Training;

/// <summary>A recipe to start from.</summary>
[JsonConverter(typeof(NameConverter<TrainingPreset>))]
public enum TrainingPreset
{
    /// <summary>The default: 0.8 million parameters of Qwen3's kind, trained by Muon.</summary>
    [JsonStringEnumMemberName("quick")] Quick,

    /// <summary>The best of some minutes: 2.2 million parameters of Qwen3's kind, trained by Muon.</summary>
    [JsonStringEnumMemberName("long")] LongRun,

    /// <summary>nanoGPT's smallest recipe: 0.8 million parameters.</summary>
    [JsonStringEnumMemberName("tiny")] Tiny,

    /// <summary>nanoGPT's Shakespeare by characters: 10 million parameters.</summary>
    [JsonStringEnumMemberName("baby")] Baby,

    /// <summary>nanoGPT's reproduction of GPT-2, 124 million parameters.</summary>
    [JsonStringEnumMemberName("gpt2")] Gpt2,
}

/// <content>The recipes.</content>
public sealed partial record TrainingOptions
{
    private static readonly TrainingOptions s_quick = new TrainingOptions().WithArchitecture(Qwen3.Family.Name) with
    {
        StartsAsIdentity = true,
        Optimizer = OptimizerKind.Muon,
        Context = 128,
        Steps = 790,
        MatrixRate = 0.02,
        LearningRate = 4e-3,
        MinLearningRate = 0,
        WarmupSteps = 50,
        Schedule = ScheduleKind.Linear,
        DecayFraction = 0.6,
    };

    private static readonly TrainingOptions s_masked = s_quick with
    {
        Task = TaskKind.Masked,
        Architecture = Bert.Family.Name,
        Tokenizer = LearnedTokenizer.WordPiece,
        VocabularySize = 4096,
        StartsAsIdentity = false,
        Context = 64,
        BatchSize = 32,
        Steps = 2000,
        MatrixRate = 0.01,
        LearningRate = 2e-3,
    };

    private static readonly TrainingOptions s_translate = s_quick with
    {
        Task = TaskKind.Translate,
        Architecture = Marian.Family.Name,
        Tokenizer = LearnedTokenizer.BytePair,
        VocabularySize = 1536,
        StartsAsIdentity = false,
        Layers = 2,
        Context = 64,
        BatchSize = 64,
        Steps = 2500,
        MatrixRate = 0.01,
        LearningRate = 2e-3,
    };

    /// <summary>The recipe for a task where no preset is named.</summary>
    public static TrainingOptions For(TaskKind task) => task switch
    {
        TaskKind.Masked => s_masked,
        TaskKind.Translate => s_translate,
        _ => s_quick,
    };

    /// <summary>The same for another task: a tokenizer that the task can use, and the model of its kind.</summary>
    public TrainingOptions WithTask(TaskKind task) => task == TaskKind.Next ? this : this with
    {
        Task = task,
        Tokenizer = For(task).Tokenizer,
        VocabularySize = For(task).VocabularySize,
    };

    /// <summary>The options of a preset.</summary>
    public static TrainingOptions For(TrainingPreset preset) => preset switch
    {
        TrainingPreset.Quick => s_quick,
        TrainingPreset.LongRun => s_quick with
        {
            Layers = 5,
            Heads = 6,
            Width = 192,
            Context = 256,
            BatchSize = 8,
            Steps = 2000,
        },
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

    /// <summary>The most blocks that <see cref="ForDepth"/> has a recipe for.</summary>
    public const int MostDepth = 12;

    /// <summary>
    /// One dial for the size of a model, and everything else after it: a depth of 4 is the preset quick, one of 6 near the preset long. A block
    /// more is a head more and 32 numbers more of width; larger models see more at once and learn longer, and beyond 6 blocks forget some of it.
    /// </summary>
    /// <param name="depth">The number of blocks, from 1 to <see cref="MostDepth"/>.</param>
    /// <exception cref="ArgumentException">There is no recipe for so many.</exception>
    public static TrainingOptions ForDepth(int depth)
    {
        Require.That(depth is >= 1 and <= MostDepth, $"a depth from 1 to {MostDepth} expected, {depth} found");
        double larger = Math.Max(1, depth / (double)s_quick.Layers);
        bool isLong = depth > s_quick.Layers;
        return s_quick with
        {
            Layers = depth,
            Heads = depth,
            Width = depth * (s_quick.Width / s_quick.Layers),
            Context = isLong ? 256 : s_quick.Context,
            BatchSize = isLong ? 8 : s_quick.BatchSize,
            Steps = (int)Math.Round(s_quick.Steps * larger * larger / 10) * 10,
            Dropout = depth <= 6 ? 0 : 0.2,
        };
    }

    /// <summary>
    /// These options, with dropout where the steps would go over a text more than five times, and with fewer steps, but at least 200, where it would be
    /// more than thirty times. Without dropout such a text is learned by heart, and the loss on other text rises (docs/speedrun.md, Other texts).
    /// </summary>
    /// <param name="tokens">The tokens that there are to learn from.</param>
    public TrainingOptions ForShortText(long tokens)
    {
        const int PassesWithoutDropout = 5, PassesWithLittle = 15, MostPasses = 30, FewestSteps = 200;
        long tokensOfStep = (long)Context * BatchSize * Accumulate;
        double passes = (double)Steps * tokensOfStep / Math.Max(1, tokens);
        return passes <= PassesWithoutDropout ? this : this with
        {
            Dropout = Dropout > 0 ? Dropout : passes <= PassesWithLittle ? 0.1 : 0.2,
            Steps = (int)Math.Min(Steps, Math.Max(FewestSteps, MostPasses * tokens / tokensOfStep)),
        };
    }
}
