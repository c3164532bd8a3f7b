using System.Numerics;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Distribution;
using MiniGpt.Model.Tasks;

namespace MiniGpt.Model.Training;

/// <summary>The task that the options of a run name.</summary>
internal static class LearningTasks
{
    /// <summary>Makes the task.</summary>
    /// <param name="model">The model, of the kind that the task needs.</param>
    /// <param name="options">The options of the run.</param>
    /// <param name="data">What is learned from.</param>
    /// <param name="ranks">Who shares the evaluations.</param>
    /// <exception cref="ArgumentException">The model is of another kind, the data too short, or the tokenizer lacks what the task needs.</exception>
    public static ILearningTask<T> Create<T>(LanguageModel<T> model, TrainingOptions options, TrainingData data, ICollective ranks)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => (options.Task, model) switch
        {
            (TaskKind.Next, Decoder<T> decoder) => new NextTokenTask<T>(decoder, options.NextToken, data.Train, data.Validation, data.Tokenizer, ranks),
            (TaskKind.Masked, Encoder<T> encoder) => new MaskedTokenTask<T>(
                encoder, options.NextToken, options.MasksWords, data.Train, data.Validation, data.Tokenizer, ranks),
            (TaskKind.Translate, Translator<T> translator) => new TranslationTask<T>(translator, options.Translation, data.Pairs!, data.Tokenizer, ranks, data.SourceTokenizer),
            _ => throw new ArgumentException(
                $"the task {OptionNames.Of(options.Task)} takes {Formats.ModelKindException.Say(TrainingOptions.KindOf(options.Task))}, "
                + $"{Formats.ModelKindException.Say(model.Config.Kind)} found"),
        };
}
