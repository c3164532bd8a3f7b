using System.CommandLine;
using MiniGpt.Model.Generation;

namespace MiniGpt.Cli.Options;

/// <summary>The options that say how a token is chosen.</summary>
internal sealed class SamplingArguments
{
    private readonly Option<double> _temperature =
        OptionFactory.Number("--temperature", "Under 1 safer, over 1 wilder; 0 always takes the likeliest token.");
    private readonly Option<int> _topK =
        OptionFactory.Whole("--top-k", "Choose among the K likeliest tokens only. [default: all]", 1, int.MaxValue);
    private readonly Option<double> _topP =
        OptionFactory.Number("--top-p", "Choose among the likeliest tokens that together reach this probability, over 0 to 1.");
    private readonly Option<double> _minP =
        OptionFactory.Number("--min-p", "Choose among tokens of at least this share of the likeliest one's probability, 0 to 1.");
    private readonly Option<double> _repetitionPenalty =
        OptionFactory.Number("--repetition-penalty", "Over 1 makes tokens that are already in the text less likely.");
    private readonly Option<ulong> _seed = OptionFactory.Whole("--seed", "Decides the random numbers.", ulong.MinValue, ulong.MaxValue);

    public SamplingArguments()
    {
        SamplingOptions defaults = new();
        _temperature.DefaultValueFactory = _ => defaults.Temperature;
        _topP.DefaultValueFactory = _ => defaults.TopP;
        _minP.DefaultValueFactory = _ => defaults.MinP;
        _repetitionPenalty.DefaultValueFactory = _ => defaults.RepetitionPenalty;
        _seed.DefaultValueFactory = _ => defaults.Seed;
    }

    /// <summary>All of them, in the order of the help.</summary>
    public IEnumerable<Option> All => [_temperature, _topK, _topP, _minP, _repetitionPenalty, _seed];

    /// <summary>What was given.</summary>
    /// <exception cref="UsageException">A value makes no sense.</exception>
    public SamplingOptions Read(ParseResult arguments)
    {
        SamplingOptions options = new()
        {
            Temperature = arguments.GetValue(_temperature),
            TopK = arguments.IsGiven(_topK) ? arguments.GetValue(_topK) : null,
            TopP = arguments.GetValue(_topP),
            MinP = arguments.GetValue(_minP),
            RepetitionPenalty = arguments.GetValue(_repetitionPenalty),
            Seed = arguments.GetValue(_seed),
        };
        UsageException.Check(options.Validate);
        return options;
    }
}
