using System.CommandLine;
using MiniGpt.Cli.Speech;
using MiniGpt.Model.Training;

namespace MiniGpt.Cli.Options;

/// <summary>The options of minigpt word2vec that say how to train.</summary>
internal sealed class WordVectorArguments
{
    private static readonly WordVectorOptions s_default = new();

    private readonly Option<bool> _skipGram = new("--skip-gram");
    private readonly Option<bool> _bag = new("--cbow");
    private readonly Option<int> _width = Whole("--width", s_default.Width, 1 << 16);
    private readonly Option<int> _window = Whole("--window", s_default.Window, 1000);
    private readonly Option<int> _negative = Whole("--negative", s_default.Negative, 1000);
    private readonly Option<int> _epochs = Whole("--epochs", s_default.Epochs, int.MaxValue);
    private readonly Option<int> _minCount = Whole("--min-count", s_default.MinCount, int.MaxValue);
    private readonly Option<double> _subsample = OptionFactory.Number("--subsample").Defaulting(s_default.Subsample);
    private readonly Option<double> _rate = OptionFactory.Number("--learning-rate");
    private readonly Option<ulong> _seed = OptionFactory.Whole("--seed", ulong.MinValue, ulong.MaxValue).Defaulting(s_default.Seed);

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
            Width = arguments.GetValue(_width),
            Window = arguments.GetValue(_window),
            Negative = arguments.GetValue(_negative),
            Epochs = arguments.GetValue(_epochs),
            MinCount = arguments.GetValue(_minCount),
            Subsample = arguments.GetValue(_subsample),
            LearningRate = arguments.IsGiven(_rate) ? arguments.GetValue(_rate) : null,
            Seed = arguments.GetValue(_seed),
        };
        UsageException.Check(options.Check);
        return options;
    }

    private static Option<int> Whole(string name, int standard, int most) => OptionFactory.Whole(name, 1, most).Defaulting(standard);
}
