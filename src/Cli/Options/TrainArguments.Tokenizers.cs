using System.CommandLine;
using MiniGpt.Cli.Speech;
using MiniGpt.Model;
using MiniGpt.Model.Data;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Tasks;
using MiniGpt.Model.Tokenizers;
using MiniGpt.Model.Training;

namespace MiniGpt.Cli.Options;

/// <content>The tokenizers of a run.</content>
internal sealed partial class TrainArguments
{
    private static readonly string s_learnedNames = string.Join('|', OptionNames.All<LearnedTokenizer>());

    private readonly Option<string?> _tokenizer = OptionFactory.Text("--tokenizer", $"{s_learnedNames}|{TokenizerOption.Gpt2}|PATH");
    private readonly Option<string?> _sourceTokenizer = OptionFactory.Text("--source-tokenizer", "bpe|unigram|PATH");
    private readonly Option<string?> _targetTokenizer = OptionFactory.Text("--target-tokenizer", "bpe|unigram|PATH");

    private void CheckVocabulary(ParseResult arguments, TrainingOptions options, LoadedModel<float>? start)
    {
        bool readsTokens = options.Data.Any(TextSource.IsTokenFile);
        string? name = arguments.GetValue(_tokenizer);
        bool isLearned = OptionNames.TryParse(name ?? "", out LearnedTokenizer learned);
        if (start?.Tokenizer is not null && name is not null)
            throw new UsageException(Messages.Of("train.init-tokenizer"));
        if (start is not null && isLearned)
            throw new UsageException(Messages.Of("train.init-learned", ("tokenizer", name!), ("gpt2", TokenizerOption.Gpt2)));
        if (readsTokens && isLearned)
            throw new UsageException(Messages.Of("train.tokenizer-bin", ("tokenizer", name!)));
        if (((Option[])[_sourceTokenizer, _targetTokenizer]).FirstOrDefault(arguments.IsGiven) is Option side)
        {
            if (name is not null)
                throw new UsageException(Messages.Of("train.one-tokenizer", ("option", side.Name)));
            if (start is not null)
                throw new UsageException(Messages.Of("train.init-tokenizers", ("option", side.Name)));
        }
        bool hasSize = Learns(name ?? arguments.GetValue(_targetTokenizer), options.Tokenizer)
            || (options.SourceTokenizer is LearnedTokenizer own && Learns(arguments.GetValue(_sourceTokenizer), own));
        if (hasSize && options.VocabularySize is null)
            throw new UsageException(Messages.Of("train.vocab-size", ("tokenizer", name ?? "")));
        if (!readsTokens && !hasSize && start is null && arguments.IsGiven(_settings.VocabularySize))
            throw new UsageException(Messages.Of("train.vocab-size-needless"));
    }

    /// <summary>Whether a tokenizer of so many tokens as are asked for is learned.</summary>
    private static bool Learns(string? name, LearnedTokenizer kind) => (name is null || OptionNames.TryParse(name, out LearnedTokenizer _)) && TokenizerLearner.HasSize(kind);

    /// <summary>The tokenizer that was asked for. GPT-2's preset has GPT-2's vocabulary, so its text is cut by GPT-2's tokenizer.</summary>
    private string? TokenizerName(ParseResult arguments, TrainingPreset preset, TrainingOptions options, LoadedModel<float>? start)
    {
        bool isOfPreset = preset == TrainingPreset.Gpt2 && start is null && !options.Data.Any(TextSource.IsTokenFile);
        return arguments.GetValue(_tokenizer) ?? arguments.GetValue(_targetTokenizer) ?? FolderOfRecordedTokenizer(arguments) ?? (isOfPreset ? TokenizerOption.Gpt2 : null);
    }

    /// <summary>The folder of the run whose options are used again, where it has a tokenizer and the data stay the same.</summary>
    private string? FolderOfRecordedTokenizer(ParseResult arguments)
    {
        string? folder = arguments.GetValue(_config) is string path ? Path.GetDirectoryName(Path.GetFullPath(path)) : null;
        return folder is not null && !arguments.IsGiven(_settings.Data) && !arguments.IsGiven(_settings.Text) && TokenizerFolder.Exists(folder) ? folder : null;
    }

    private static ITokenizer? ReadTokenizer(string? name, TrainingOptions options) =>
        name is not null && !OptionNames.TryParse(name, out LearnedTokenizer _) ? TokenizerOption.Read(name, options.Unknown) : null;

    /// <summary>The tokenizer that was asked for of the sentences that are translated; null for one that is learned, or for that of both languages.</summary>
    private string? SourceTokenizerName(ParseResult arguments, TrainingOptions options) =>
        arguments.GetValue(_sourceTokenizer) ?? (options.SourceTokenizer is null || arguments.IsGiven(_targetTokenizer) ? null : FolderOfRecordedTokenizer(arguments));

    private TrainingOptions WithSourceTokenizer(ParseResult arguments, TrainingOptions options, string? name) =>
        OptionNames.TryParse(name ?? "", out LearnedTokenizer learned) ? options with { SourceTokenizer = learned }
        : arguments.IsGiven(_sourceTokenizer) || arguments.IsGiven(_targetTokenizer)
            ? options with { SourceTokenizer = options.SourceTokenizer ?? TrainingOptions.For(TaskKind.Translate).Tokenizer }
            : options;

    /// <summary>Of a folder that has a tokenizer for each language, that of the one that is read.</summary>
    private static ITokenizer? ReadSourceTokenizer(string? name, TrainingOptions options) =>
        name is null || OptionNames.TryParse(name, out LearnedTokenizer _) ? null : TokenizerFolder.FindSource(name, options.Unknown) ?? ReadTokenizer(name, options);
}
