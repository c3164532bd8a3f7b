using System.CommandLine;
using MiniGpt.Model.Generation;

namespace MiniGpt.Cli.Options;

/// <summary>The options that say how a token is chosen.</summary>
internal sealed class SamplingArguments
{
    private static readonly SamplingOptions s_default = new();

    private readonly Option<double> _temperature = OptionFactory.Number("--temperature").Defaulting(s_default.Temperature);
    private readonly Option<int> _topK = OptionFactory.Whole("--top-k", 1, int.MaxValue);
    private readonly Option<double> _topP = OptionFactory.Number("--top-p").Defaulting(s_default.TopP);
    private readonly Option<double> _minP = OptionFactory.Number("--min-p").Defaulting(s_default.MinP);
    private readonly Option<double> _repetitionPenalty = OptionFactory.Number("--repetition-penalty").Defaulting(s_default.RepetitionPenalty);
    private readonly Option<ulong> _seed = OptionFactory.Whole("--seed", ulong.MinValue, ulong.MaxValue).Defaulting(s_default.Seed);

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
