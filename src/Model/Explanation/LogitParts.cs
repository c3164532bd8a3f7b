using System.Numerics;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace MiniGpt.Model.Explanation;

/// <summary>
/// Walks from a logit back to the input along the residual stream of the last position. The direction whose product with the stream is the logit goes
/// back through each norm; what was added to the stream on the way gives its part as the product with it.
/// </summary>
internal sealed class LogitParts<T>(Decoder<T> model, DecoderTrace<T> trace)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly List<Contribution> _found = []; // from the output to the input
    private double[] _direction = [];

    /// <summary>The parts of the logit of a token, or of its difference to that of another one, from the input to the output.</summary>
    public IReadOnlyList<Contribution> Of(int token, int? against)
    {
        _found.Clear();
        _direction = LogitDirection.Of(model, token, against);
        if (model.Output.Bias is { } bias)
            Add(ContributionKind.LogitBias, null, ValueOf(bias, token) - (against is int other ? ValueOf(bias, other) : 0));
        if (model.Stack.FinalNorm is { } norm)
            GoBack(FrozenNorm.At(norm, model.Config.Norm, RowReading.Last(trace.Residual(trace.Blocks.Count))), ContributionKind.FinalNormBias, null, norm);
        for (int layer = trace.Blocks.Count - 1; layer >= 0; layer--)
            GoBackThroughBlock(layer);
        GoBackToTokens();
        return [.. Enumerable.Reverse(_found)];
    }

    private static double ValueOf(Parameter<T> parameter, int index) => double.CreateChecked(parameter.Value.Span[index]);

    private static double[] Sum(double[] a, double[] b)
    {
        double[] sum = new double[a.Length];
        TensorPrimitives.Add(a, b, sum);
        return sum;
    }

    private void GoBackThroughBlock(int layer)
    {
        TransformerBlock<T> block = model.Stack.Blocks[layer];
        double[] attention = RowReading.Last(trace.Blocks[layer].AttentionOutput), feedForward = RowReading.Last(trace.Blocks[layer].FeedForwardOutput);
        bool normsAfter = model.Stack.FinalNorm is null;
        FrozenNorm? attentionNorm = null;
        if (normsAfter)
        {
            double[] added = Sum(RowReading.Last(trace.Residual(layer)), attention);
            attentionNorm = FrozenNorm.At(block.AttentionNorm, model.Config.Norm, added);
            double[] between = Sum(attentionNorm.Apply(added), attentionNorm.Bias);
            GoBack(FrozenNorm.At(block.FeedForwardNorm, model.Config.Norm, Sum(between, feedForward)), ContributionKind.FeedForwardNormBias, layer, block.FeedForwardNorm);
        }
        double all = TensorPrimitives.Dot<double>(_direction, feedForward), ofBias = Add(ContributionKind.FeedForwardBias, layer, block.FeedForward.Down.Bias);
        Add(ContributionKind.FeedForward, layer, all - ofBias);
        if (attentionNorm is not null)
            GoBack(attentionNorm, ContributionKind.AttentionNormBias, layer, block.AttentionNorm);
        Add(ContributionKind.AttentionBias, layer, block.Attention.Output.Bias);
        AddHeads(layer, block.Attention.Output.Weight.Value);
    }

    /// <summary>What each head adds: its columns of the output projection, times its output at the last position.</summary>
    private void AddHeads(int layer, Tensor<T> projection)
    {
        double[] intoHeads = new double[projection.Shape[1]]; // the direction before the projection, (H·D)
        for (int row = 0; row < projection.Shape[0]; row++)
            TensorPrimitives.MultiplyAdd(RowReading.Of(projection, row), _direction[row], intoHeads, intoHeads);
        Tensor<T> outputs = trace.Blocks[layer].HeadOutputs; // (H, T, D)
        (int heads, int length, int size) = (outputs.Shape[0], outputs.Shape[1], outputs.Shape[2]);
        for (int head = heads - 1; head >= 0; head--)
        {
            double[] output = RowReading.Of(outputs, (head + 1) * length - 1);
            _found.Add(new Contribution(ContributionKind.Head, layer, head, TensorPrimitives.Dot<double>(output, intoHeads.AsSpan(head * size, size))));
        }
    }

    private void GoBackToTokens()
    {
        double[] tokens = RowReading.Last(trace.TokenVectors);
        TensorPrimitives.Multiply(tokens, model.Config.EmbeddingScale, tokens);
        double[]? positions = trace.PositionVectors is { } rows ? RowReading.Last(rows) : null;
        double[]? segment = model.Input.Segments is { } table ? RowReading.Of(table.Table.Value, 0) : null;
        if (model.Input.Norm is { } norm)
        {
            double[] sum = positions is null ? tokens : Sum(tokens, positions);
            GoBack(FrozenNorm.At(norm, model.Config.Norm, segment is null ? sum : Sum(sum, segment)), ContributionKind.EmbeddingNormBias, null, norm);
        }
        if (segment is not null)
            Add(ContributionKind.SegmentEmbedding, null, TensorPrimitives.Dot<double>(_direction, segment));
        if (positions is not null)
            Add(ContributionKind.PositionEmbedding, null, TensorPrimitives.Dot<double>(_direction, positions));
        Add(ContributionKind.TokenEmbedding, null, TensorPrimitives.Dot<double>(_direction, tokens));
    }

    private void GoBack(FrozenNorm frozen, ContributionKind biasKind, int? layer, Norm<T> norm)
    {
        Add(biasKind, layer, norm.Bias);
        _direction = frozen.Back(_direction);
    }

    /// <summary>Adds what a bias gives, where there is one, and returns it.</summary>
    private double Add(ContributionKind kind, int? layer, Parameter<T>? bias) =>
        bias is null ? 0 : Add(kind, layer, TensorPrimitives.Dot<double>(_direction, RowReading.Of<T>(bias.Value.Span)));

    private double Add(ContributionKind kind, int? layer, double value)
    {
        _found.Add(new Contribution(kind, layer, Head: null, value));
        return value;
    }
}
