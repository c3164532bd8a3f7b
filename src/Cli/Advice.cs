using MiniGpt.Model.Data;
using MiniGpt.Model.Files;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Layers;
using MiniGpt.Model.Tokenizers;
using MiniGpt.Model.Training;

namespace MiniGpt.Cli;

/// <summary>What the libraries say is wrong, and the options that help, which they do not know.</summary>
internal static class Advice
{
    private static string VerbFor(ModelKind kind) => kind switch
    {
        ModelKind.Encoder => "minigpt fill and embed are for it",
        ModelKind.Translator => "minigpt translate is for it",
        _ => "minigpt sample is for it",
    };

    /// <summary>The message of an error with the options that help, in one line.</summary>
    public static string Of(Exception error) => error switch
    {
        OccupiedException { HasModel: true } occupied =>
            $"{error.Message}: --resume {occupied.Path} goes on with its training, --overwrite replaces it",
        OccupiedException => $"{error.Message}: --overwrite replaces it, another path leaves it alone",
        TooFewWordsException => $"{error.Message} (--min-count 1 takes every word)",
        TextEncodingException { CouldSkip: true } => $"{error.Message}; --unknown skip leaves it out",
        TrainingDivergedException { CouldSkip: true } =>
            $"{error.Message} (--learning-rate, --warmup-steps, --clip-norm); --on-bad-loss skip passes over such steps",
        TrainingDivergedException => $"{error.Message} (--learning-rate, --warmup-steps, --clip-norm)",
        ModelKindException kind => $"{error.Message}: {VerbFor(kind.Found)}",
        _ => error.Message,
    };
}
