using MiniGpt.Model.Data;
using MiniGpt.Model.Formats;

namespace MiniGpt.Model.Lessons;

/// <summary>A worked example: a short program that shows each stage of a computation and checks itself.</summary>
/// <param name="Name">The name, as the command line has it. Texts about a lesson and its stages are found by it and their keys.</param>
/// <param name="Run">Does the computation.</param>
public sealed record Lesson(string Name, Func<LessonInputs, LessonResult> Run)
{
    /// <summary>All lessons, in an order in which one can read them.</summary>
    public static IReadOnlyList<Lesson> All { get; } =
    [
        new("tokens", TokensLesson.Run),
        new("one-hot", inputs => OneHotLesson.Run(inputs.Language)),
        new("positions", _ => PositionsLesson.Run()),
        new("attention", inputs => AttentionLesson.Run(inputs.Language)),
        new("embedding", inputs => EmbeddingLesson.Run(inputs.Language)),
        new("scaling", _ => ScalingLesson.Run()),
        new("mask", inputs => MaskLesson.Run(inputs.Language)),
        new("rotary", _ => RotaryLesson.Run()),
        new("grouped-heads", _ => GroupedHeadsLesson.Run()),
        new("source-attention", inputs => SourceAttentionLesson.Run(inputs.Language)),
        new("norms-and-residuals", _ => NormsAndResidualsLesson.Run()),
        new("next-token", inputs => NextTokenLesson.Run(inputs.Language)),
        new("sampling", inputs => SamplingLesson.Run(inputs.Language)),
        new("kv-cache", inputs => KeyValueCacheLesson.Run(inputs.CancellationToken)),
        new("quantisation", QuantisationLesson.Run),
        new("gradients", _ => GradientsLesson.Run()),
        new("training", TrainingLesson.Run),
        new("n-gram", NGramLesson.Run),
        new("masked-word", MaskedWordLesson.Run),
        new("translation", TranslationLesson.Run),
        new("word2vec", WordVectorLesson.Run),
        new("rnn", inputs => RnnLesson.Run(inputs.Language)),
        new("induction", InductionLesson.Run),
    ];
}

/// <summary>What lessons may need from outside.</summary>
/// <param name="CorpusPath">A text to count in, in the language of the reader.</param>
/// <param name="Model">A trained model to stand beside the counts; null where there is none.</param>
/// <param name="CancellationToken">Stops a lesson that takes long.</param>
public sealed record LessonInputs(string CorpusPath, LoadedModel<float>? Model, CancellationToken CancellationToken)
{
    /// <summary>The language of the reader, in which examples are.</summary>
    public Language Language { get; init; }

    /// <summary>Is told how far a lesson is that trains a model or counts in a text; null where nobody wants to know.</summary>
    public IProgress<DataProgress>? Progress { get; init; }

    /// <summary>Throws where a model cannot stand beside the counts, because it cannot read the text.</summary>
    /// <exception cref="ArgumentException">It has no tokenizer, or one that does not know all of the text.</exception>
    public static void CheckModel(LoadedModel<float> model, string corpusPath) => NGramLesson.CheckModel(model, corpusPath);
}

/// <summary>What a lesson showed and found.</summary>
/// <param name="Stages">The stages, in their order.</param>
/// <param name="Checks">What was compared with what is known.</param>
public sealed record LessonResult(IReadOnlyList<LessonStage> Stages, IReadOnlyList<LessonCheck> Checks)
{
    /// <summary>Whether every check holds.</summary>
    public bool Passed => Checks.All(check => check.Passed);
}

/// <summary>A comparison of what was computed with what is known.</summary>
/// <param name="Key">The name within the lesson.</param>
/// <param name="Error">The largest difference.</param>
/// <param name="Tolerance">How large it may be.</param>
public sealed record LessonCheck(string Key, double Error, double Tolerance)
{
    /// <summary>Whether it holds.</summary>
    public bool Passed => Error <= Tolerance;
}
