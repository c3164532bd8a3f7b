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
        Description = "Text files, folders of text, or - for standard input.",
        HelpName = "FILE",
        AllowMultipleArgumentsPerToken = true,
        Arity = ArgumentArity.OneOrMore,
        Required = true,
    };
    private readonly Option<int> _vocabularySize = OptionFactory.Whole(
        "--vocab-size", "How many tokens to learn, special ones among them.", 1, int.MaxValue);
    private readonly Option<LearnedTokenizer> _type = OptionFactory.Choice("--type",
        "bpe: byte-level byte-pair encoding; unigram: a unigram language model of pieces; wordpiece: BERT's pieces, without cases and accents. [default: bpe]",
        [.. s_types.Select(OptionNames.Of)], s_types);
    private readonly Option<string> _out = new("--out")
    {
        Description = "The folder to write: tokenizer.json, and vocab.json and merges.txt of a BPE, vocab.txt of WordPiece.",
        HelpName = "DIR",
        Required = true,
    };
    private readonly Option<string[]> _special = new(OptionFactory.SpecialName)
    {
        Description = $"A token that is found in a text as a whole and never merged; can be given again. [default: {Tokenizer.EndOfText}]",
        HelpName = "TEXT",
        Arity = ArgumentArity.OneOrMore,
    };
    private readonly Option<bool> _overwrite = new("--overwrite") { Description = "Replace the tokenizer that is in --out." };

    public TokenizeTrainVerb()
        : base("train", "verb.tokenize-train")
    {
        _vocabularySize.Required = true;
        foreach (Option option in (IEnumerable<Option>)[_data, _type, _vocabularySize, _out, _special, _overwrite])
            Options.Add(option);
    }

    public override string Example => "minigpt tokenize train --data books/ --vocab-size 8192 --out tokenizers/books";

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
        SubwordTokenizer tokenizer = DataProgressDisplay.Run(progress =>
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
