using MiniGpt.Cli.Display;
using MiniGpt.Model.Tokenizers;
using MiniGpt.Model.Training;

namespace MiniGpt.Cli.Options;

/// <summary>The data of a training run. Its tokens are kept in a folder beside that of the run.</summary>
internal static class RunData
{
    private const string TokenCacheFolder = ".minigpt-tokens";

    /// <summary>Reads it, showing how far it is.</summary>
    /// <inheritdoc cref="TrainingData.Load"/>
    public static TrainingData Load(
        string folder, TrainingOptions options, ITokenizer? tokenizer, ITokenizer? sourceTokenizer, int? vocabularySize,
        CancellationToken cancellationToken)
    {
        string cache = Path.Combine(Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder))) ?? folder, TokenCacheFolder);
        using Stream standardInput = StandardInput.Open(cancellationToken);
        return WorkDisplay.Run("reading", progress =>
            TrainingData.Load(options, BundledFile.Of(options.Text), tokenizer, vocabularySize, standardInput, cache, progress, sourceTokenizer, cancellationToken));
    }
}
