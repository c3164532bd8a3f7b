using System.CommandLine;
using MiniGpt.Cli.Display;
using MiniGpt.Cli.Options;
using MiniGpt.Cli.Speech;
using MiniGpt.Model;
using MiniGpt.Model.Data;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Tokenizers;

namespace MiniGpt.Cli.Verbs;

/// <summary>minigpt tokenize train: learns a tokenizer of pieces of words.</summary>
internal sealed class TokenizeTrainVerb : Verb
{
    private static readonly LearnedTokenizer[] s_types = [.. Enum.GetValues<LearnedTokenizer>().Where(TokenizerLearner.HasSize)];

    private readonly Option<string[]> _data = new("--data")
    {
        HelpName = "FILE",
        AllowMultipleArgumentsPerToken = true,
        Arity = ArgumentArity.OneOrMore,
        Required = true,
    };
    private readonly Option<int> _vocabularySize = OptionFactory.Whole("--vocab-size", 1, int.MaxValue);
    private readonly Option<LearnedTokenizer> _type = OptionFactory.Choice("--type", [.. s_types.Select(OptionNames.Of)], s_types);
    private readonly Option<string> _out = new("--out")
    {
        HelpName = "DIR",
        Required = true,
    };
    private readonly Option<string[]> _special = new(OptionFactory.SpecialName)
    {
        HelpName = "TEXT",
        Arity = ArgumentArity.OneOrMore,
    };
    private readonly Option<bool> _overwrite = new("--overwrite");

    public TokenizeTrainVerb()
        : base("train")
    {
        _vocabularySize.Required = true;
        foreach (Option option in (IEnumerable<Option>)[_data, _type, _vocabularySize, _out, _special, _overwrite])
            Options.Add(option);
    }

    protected override int Run(ParseResult arguments, CancellationToken cancellationToken)
    {
        string folder = arguments.GetRequiredValue(_out);
        OutputPath.CheckFolder(_out.Name, folder);
        if (ModelFolder.Exists(folder))
            throw new UsageException(Messages.Of("tokenize.holds-model", ("path", folder)));
        if (TokenizerFolder.FindPart(folder) is string found && !arguments.GetValue(_overwrite))
            throw new UsageException(Messages.Of("tokenize.taken", ("path", folder), ("found", found)));
        string[] special = arguments.IsGiven(_special) ? arguments.GetRequiredValue(_special) : [Tokenizer.EndOfText];
        int vocabularySize = arguments.GetValue(_vocabularySize);
        LearnedTokenizer type = arguments.IsGiven(_type) ? arguments.GetValue(_type) : LearnedTokenizer.BytePair;
        UsageException.Check(() => TokenizerLearner.CheckVocabularySize(type, vocabularySize, special));

        using Stream standardInput = StandardInput.Open(cancellationToken);
        IReadOnlyList<string> notes = [];
        SubwordTokenizer tokenizer = WorkDisplay.Run("reading", progress =>
        {
            using TextCorpus text = TextCorpus.Open(arguments.GetRequiredValue(_data), standardInput, progress, cancellationToken);
            notes = text.Notes;
            return TokenizerLearner.Subwords(type, text.Documents, vocabularySize, special, progress, cancellationToken);
        });
        TokenizerFolder.Write(folder, tokenizer);
        foreach (string note in notes)
            Talk.Note(LibraryMessages.Translated(note));
        if (tokenizer.VocabularySize < vocabularySize)
            Talk.Note(Messages.Of("tokenize.fewer", ("count", $"{tokenizer.VocabularySize:N0}"), ("asked", $"{vocabularySize:N0}")));
        string count = $"{tokenizer.VocabularySize:N0}";
        Talk.Say(tokenizer is BytePairTokenizer pairs
            ? Messages.Of("tokenize.done-merges", ("count", count), ("merges", $"{pairs.Merges.Count:N0}"), ("path", folder))
            : Messages.Of("tokenize.done", ("count", count), ("path", folder)));
        return 0;
    }
}
