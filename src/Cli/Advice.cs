using MiniGpt.Cli.Help;
using MiniGpt.Cli.Speech;
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
        ModelKind.Encoder => Messages.Of("advice.kind.encoder", ("program", ProgramName.Current)),
        ModelKind.Translator => Messages.Of("advice.kind.translator", ("program", ProgramName.Current)),
        _ => Messages.Of("advice.kind.decoder", ("program", ProgramName.Current)),
    };

    /// <summary>The message of an error, in the user's language where the tables have it, with the options that help, in one line.</summary>
    public static string Of(Exception error)
    {
        string message = LibraryMessages.Translated(error.Message);
        return error switch
        {
            OccupiedException { HasModel: true } occupied => Messages.Of("advice.resume", ("message", message), ("path", ProgramName.Quoted(occupied.Path))),
            OccupiedException => Messages.Of("advice.overwrite", ("message", message)),
            TooFewWordsException => Messages.Of("advice.min-count", ("message", message)),
            TextEncodingException { CouldSkip: true } => Messages.Of("advice.skip", ("message", message)),
            TrainingDivergedException { CouldSkip: true } => Messages.Of("advice.diverged-skip", ("message", message)),
            TrainingDivergedException => Messages.Of("advice.diverged", ("message", message)),
            ModelKindException kind => Messages.Of("advice.kind", ("message", message), ("verb", VerbFor(kind.Found))),
            _ => message,
        };
    }
}
