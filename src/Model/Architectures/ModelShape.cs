using MiniGpt.Model.Layers;

namespace MiniGpt.Model.Architectures;

/// <summary>
/// A decoder of which nothing but the sizes is there: what it has in parameters, what a token costs, and what a step keeps, summed over
/// the layers that the real one has.
/// </summary>
public sealed class ModelShape
{
    private readonly TransformerConfig _config;
    private readonly Decoder<float> _oneBlock;

    /// <summary>The shape of a configuration's model.</summary>
    /// <exception cref="ArgumentException">No model can have this configuration.</exception>
    public ModelShape(TransformerConfig config)
    {
        config.Validate();
        _config = config;
        _oneBlock = new Decoder<float>(config with { Layers = 1 }); // all blocks are alike; their memory is never asked for
        Int128 count = Sum(parameter => parameter.IsTrained ? parameter.Shape.Count : 0);
        Require.That(count <= TransformerConfig.MostParameters,
            $"a model of {count} parameters is more than the {TransformerConfig.MostParameters} that can be built");
        TrainedCount = (long)count;
        Count = (long)Sum(parameter => parameter.Shape.Count);
    }

    /// <summary>How many numbers training can change. The output projection counts once where it is tied.</summary>
    public long TrainedCount { get; }

    /// <summary>How many numbers there are.</summary>
    public long Count { get; }

    /// <summary>
    /// Floating-point operations of forward and backward for one token: 6 for each parameter that it meets, which a table's are not, and
    /// 12 for each number of the heads and each position that they look at (Chowdhery et al. 2022, appendix B).
    /// </summary>
    public double TrainingOperationsOfToken
    {
        get
        {
            double met = (double)Sum(parameter => parameter == _oneBlock.Head || parameter.Role is ParameterRole.Matrix or ParameterRole.Vector
                ? parameter.Shape.Count
                : 0);
            AttentionConfig attention = _config.Attention;
            int seen = attention.Window > 0 ? Math.Min(attention.Window, _config.Context) : _config.Context;
            return 6 * met + 12.0 * _config.Layers * attention.Heads * _config.HeadSize * seen;
        }
    }

    /// <summary>Numbers that the operators of a block keep for each token from forward for backward.</summary>
    public double ActivationsOfBlock
    {
        get
        {
            AttentionConfig attention = _config.Attention;
            double c = _config.Width, f = _config.FeedForwardWidth, queries = attention.Heads * _config.HeadSize, keys = attention.KeyHeads * _config.HeadSize;
            double turned = (_config.Positions.Kind == PositionKind.Rotary ? 1 : 0) + (attention.NormsQueriesAndKeys ? 1 : 0);
            double norms = 2 * c, sums = 2 * c;
            double heads = queries + 2 * keys + turned * (queries + keys) + queries + c; // projected, turned, attended, projected back
            double feedForward = (_config.FeedForward.IsGated ? 3 : 2) * f + c;
            double dropouts = _config.Dropout > 0 ? 2 * c : 0;
            return norms + sums + heads + feedForward + dropouts;
        }
    }

    /// <summary>A sum over all parameters, those of the block as often as there are blocks.</summary>
    private Int128 Sum(Func<Parameter<float>, long> of)
    {
        Int128 sum = 0;
        foreach (Parameter<float> parameter in _oneBlock.Parameters.All)
            sum += (Int128)of(parameter) * (parameter.Name.StartsWith("blocks.", StringComparison.Ordinal) ? _config.Layers : 1);
        return sum;
    }
}
