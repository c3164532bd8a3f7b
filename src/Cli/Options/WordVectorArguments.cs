using System.CommandLine;
using MiniGpt.Cli.Speech;
using MiniGpt.Model.Training;

namespace MiniGpt.Cli.Options;

/// <summary>The options of minigpt word2vec that say how to train.</summary>
internal sealed class WordVectorArguments
{
    private static readonly WordVectorOptions s_default = new();

    private readonly Option<bool> _skipGram = new("--skip-gram") { Description = "A word predicts each of its neighbours; the default." };
    private readonly Option<bool> _bag = new("--cbow")
    {
        Description = "The mean of the neighbours predicts the word between them (continuous bag of words): one example a word, not one a pair.",
    };
    private readonly Option<int> _width = Whole("--width", "Numbers in a vector.", s_default.Width, 1 << 16);
    private readonly Option<int> _window = Whole("--window", "How many words away the furthest neighbour is.", s_default.Window, 1000);
    private readonly Option<int> _negative = Whole("--negative", "Words drawn at random to tell a true neighbour from.", s_default.Negative, 1000);
    private readonly Option<int> _epochs = Whole("--epochs", "How often the text is gone through.", s_default.Epochs, int.MaxValue);
    private readonly Option<int> _minCount = Whole("--min-count", "How often a word must occur to get a vector.", s_default.MinCount, int.MaxValue);
    private readonly Option<double> _subsample = OptionFactory.Number("--subsample",
        $"Words with a larger share of the text are passed over at random; 0 keeps all. [default: {s_default.Subsample}]");
    private readonly Option<double> _rate = OptionFactory.Number("--learning-rate",
        "The learning rate at the beginning; it falls along a straight line to nearly 0. [default: 0.025; with --cbow 0.05]");
    private readonly Option<ulong> _seed = OptionFactory.Whole(
        "--seed", "Another seed, another run; the same seed, the same bits. [default: 0]", 0ul, ulong.MaxValue);

    /// <summary>All of them, in the order of the help.</summary>
    public IEnumerable<Option> All => [_skipGram, _bag, _width, _window, _negative, _epochs, _minCount, _subsample, _rate, _seed];

    /// <summary>What was asked for.</summary>
    /// <exception cref="UsageException">Values make no sense, or do not go together.</exception>
    public WordVectorOptions Read(ParseResult arguments)
    {
        if (arguments.GetValue(_skipGram) && arguments.GetValue(_bag))
            throw new UsageException(Messages.Of("word2vec.both-ways"));
        WordVectorOptions options = new()
        {
            IsBagOfWords = arguments.GetValue(_bag),
            Width = Given(_width, s_default.Width),
            Window = Given(_window, s_default.Window),
            Negative = Given(_negative, s_default.Negative),
            Epochs = Given(_epochs, s_default.Epochs),
            MinCount = Given(_minCount, s_default.MinCount),
            Subsample = Given(_subsample, s_default.Subsample),
            LearningRate = arguments.IsGiven(_rate) ? arguments.GetValue(_rate) : null,
            Seed = Given(_seed, s_default.Seed),
        };
        UsageException.Check(options.Check);
        return options;

        T Given<T>(Option<T> option, T otherwise) => arguments.IsGiven(option) ? arguments.GetValue(option)! : otherwise;
    }

    private static Option<int> Whole(string name, string description, int standard, int most) =>
        OptionFactory.Whole(name, $"{description} [default: {standard}]", 1, most);
}
