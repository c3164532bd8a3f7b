using MiniGpt.Model.Layers;

namespace MiniGpt.Model.Architectures;

/// <summary>
/// A model of which nothing but the sizes is there: what it has in parameters, what a token costs, and what a step keeps, summed over the
/// layers that the real one has.
/// </summary>
public sealed class ModelShape
{
    private readonly TransformerConfig _config;
    private readonly LanguageModel<float> _oneBlock;
    private readonly int _sourceLayers;

    /// <summary>The shape of a configuration's model.</summary>
    /// <exception cref="ArgumentException">No model can have this configuration.</exception>
    public ModelShape(TransformerConfig config)
    {
        config.Validate();
        _config = config;
        _sourceLayers = config.Source is null ? 0 : config.ToSource().Layers;
        // All blocks are alike; their memory is never asked for.
        _oneBlock = LanguageModel<float>.Create(config with { Layers = 1, Source = config.Source is null ? null : config.Source with { Layers = 1 } });
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
            if (_config.Recurrence is not null)
                return 6 * Met(_ => true);
            AttentionConfig attention = _config.Attention;
            int seen = attention.Window > 0 ? Math.Min(attention.Window, _config.Context) : _config.Context;
            return 6 * Met(_ => true) + OperationsOfAttention(_config) * seen;
        }
    }

    /// <summary>Operations of forward and backward for a row of an encoder.</summary>
    /// <param name="tokens">The length of the row.</param>
    /// <param name="predicted">For how many of its tokens the head is computed.</param>
    public double TrainingOperationsOfMasked(int tokens, int predicted) =>
        6 * (Met(IsOfHead) * predicted + Met(parameter => !IsOfHead(parameter)) * tokens) + OperationsOfAttention(_config) * tokens * tokens;

    /// <summary>Operations of forward and backward for a sentence and its translation.</summary>
    /// <param name="source">The length of the sentence.</param>
    /// <param name="target">The length of the translation.</param>
    public double TrainingOperationsOfPair(double source, double target)
    {
        double reading = Met(IsOfSource), attention = OperationsOfAttention(_config);
        return 6 * (reading * source + (Met(_ => true) - reading) * target)
            + OperationsOfAttention(_config.ToSource()) * source * source + attention * target * (source + target);

        static bool IsOfSource(Parameter<float> parameter) =>
            parameter.Name.StartsWith("encoder.", StringComparison.Ordinal) || parameter.Name.Contains(".key_value.", StringComparison.Ordinal);
    }

    /// <summary>Numbers that the operators of a block keep for each token from forward for backward.</summary>
    public double ActivationsOfBlock
    {
        get
        {
            if (_config.Recurrence is { } kind)
                return (2.0 * RecurrentLayerSizes.Gates(kind) + 4 + (_config.Dropout > 0 ? 1 : 0)) * _config.Width; // projected, gates, states, cells
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

    private static double OperationsOfAttention(TransformerConfig config) => 12.0 * config.Layers * config.Attention.Heads * config.HeadSize;

    private bool IsOfHead(Parameter<float> parameter) =>
        parameter == _oneBlock.Head || parameter.Name.StartsWith("head.", StringComparison.Ordinal);

    /// <summary>The numbers of some parameters that a token is multiplied with or that are added to it.</summary>
    private double Met(Func<Parameter<float>, bool> isChosen) => (double)Sum(parameter =>
        isChosen(parameter) && (parameter == _oneBlock.Head || parameter.Role is ParameterRole.Matrix or ParameterRole.Vector) ? parameter.Shape.Count : 0);

    /// <summary>A sum over all parameters, those of a block as often as there are blocks.</summary>
    private Int128 Sum(Func<Parameter<float>, long> of)
    {
        Int128 sum = 0;
        foreach (Parameter<float> parameter in _oneBlock.Parameters.All)
            sum += (Int128)of(parameter) * Times(parameter.Name);
        return sum;

        int Times(string name) => name.StartsWith("blocks.", StringComparison.Ordinal) ? _config.Layers
            : name.StartsWith("encoder.blocks.", StringComparison.Ordinal) ? _sourceLayers
            : 1;
    }
}
