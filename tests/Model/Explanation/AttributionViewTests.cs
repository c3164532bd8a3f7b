using MiniGpt.Model.Architectures;
using MiniGpt.Model.Explanation;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors;
using Xunit;

namespace MiniGpt.Tests.Model.Explanation;

/// <summary>
/// Logits taken apart, beside parts that are found by taking them out of the model: what a branch gives with and without a head's columns, say. They go
/// through the norms from the input to the output, in plain loops, while the program goes the other way.
/// </summary>
public class AttributionViewTests
{
    public static TheoryData<string> Models => AskedModels.Names;

    [Theory]
    [MemberData(nameof(Models))]
    public void The_parts_add_up_to_the_logit_that_the_model_computes(string name)
    {
        Decoder<double> model = AskedModels.Of(name);
        double[] logits = AskedModels.Logits(model, AskedModels.Ids);
        for (int token = 0; token < model.Config.VocabularySize; token += 5)
        {
            AttributionView view = AttributionView.Of(model, AskedModels.Ids, token);
            Assert.Equal(logits[token], view.Logit, 1e-9);
            Assert.Equal(logits[token], view.Contributions.Sum(contribution => contribution.Value), 1e-9);
            Assert.Equal(0, view.LeftOver, 1e-9);
        }
        AttributionView difference = AttributionView.Of(model, AskedModels.Ids, 4, against: 40);
        Assert.Equal(logits[4] - logits[40], difference.Contributions.Sum(contribution => contribution.Value), 1e-9);
        AttributionView first = AttributionView.Of(model, AskedModels.Ids, 4), second = AttributionView.Of(model, AskedModels.Ids, 40);
        Assert.Equal(first.Contributions.Zip(second.Contributions, (a, b) => a.Value - b.Value), difference.Contributions.Select(contribution => contribution.Value),
            (a, b) => Math.Abs(a - b) < 1e-9);
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Each_part_is_what_the_norms_and_the_head_make_of_what_is_missing_without_it(string name)
    {
        Decoder<double> model = AskedModels.Of(name);
        const int Token = 21;
        AttributionView view = AttributionView.Of(model, AskedModels.Ids, Token);
        Dictionary<(ContributionKind, int?, int?), double> expected = Expected(model, Token);
        Assert.Equal(expected.Keys.Order(), view.Contributions.Select(part => (part.Kind, part.Layer, part.Head)).Order());
        Assert.All(view.Contributions, part => Assert.Equal(expected[(part.Kind, part.Layer, part.Head)], part.Value, 1e-9));
        Assert.Contains(expected.Values, value => Math.Abs(value) > 1e-3);
    }

    [Fact]
    public void Parts_come_from_the_input_to_the_output_and_those_that_do_most_can_be_had()
    {
        AttributionView view = AttributionView.Of(AskedModels.Of("gpt2-tiny"), AskedModels.Ids, 3);
        Assert.Equal(
            [
                ContributionKind.TokenEmbedding, ContributionKind.PositionEmbedding,
                ContributionKind.Head, ContributionKind.Head, ContributionKind.Head, ContributionKind.Head,
                ContributionKind.AttentionBias, ContributionKind.FeedForward, ContributionKind.FeedForwardBias,
            ],
            view.Contributions.Take(9).Select(part => part.Kind));
        Assert.Equal([0, 1, 2, 3], view.Contributions.Where(part => part.Layer == 1).Select(part => part.Head).OfType<int>());
        Assert.Equal(ContributionKind.FinalNormBias, view.Contributions[^1].Kind);
        (IReadOnlyList<Contribution> greatest, double others) = view.Split(3);
        Assert.Equal(view.Contributions.OrderByDescending(part => Math.Abs(part.Value)).Take(3), greatest);
        Assert.Equal(view.Logit, greatest.Sum(part => part.Value) + others, 1e-9);
        Assert.Equal(0, view.Split(100).Others);
    }

    [Fact]
    public void Logits_that_are_no_sum_of_parts_are_refused()
    {
        Decoder<double> transforms = AskedModels.Drawn(AskedModels.Small with { TransformsHead = true });
        Assert.Contains("the head of this model has a layer with an activation",
            Assert.Throws<ArgumentException>(() => AttributionView.Of(transforms, [1, 2], 3)).Message, StringComparison.Ordinal);
        Decoder<double> network = new(RecurrentNetwork.Config(RecurrentKind.Gru, new ModelSizes(10, 8, 1, 1, 8)));
        Assert.Contains("a recurrent network has none", Assert.Throws<ArgumentException>(() => AttributionView.Of(network, [1, 2], 3)).Message, StringComparison.Ordinal);
        Assert.Contains("the id 65", Assert.Throws<ArgumentException>(() => AttributionView.Of(AskedModels.Of("gpt2-tiny"), [1, 2], 65)).Message, StringComparison.Ordinal);
    }

    private static Dictionary<(ContributionKind, int?, int?), double> Expected(Decoder<double> model, int token)
    {
        Dictionary<(ContributionKind, int?, int?), double> expected = [];
        using DecoderTrace<double> trace = model.Trace(AskedModels.Ids);
        (NormConfig config, int layers) = (model.Config.Norm, model.Config.Layers);
        bool isAfter = config.Place == NormPlace.After;

        // The norms that a vector goes through, each with the vector that gives its scale; two in each block where they stand after the branches.
        List<(Norm<double> Norm, double[] Whole)> norms = [];
        for (int layer = 0; layer < layers && isAfter; layer++)
        {
            TransformerBlock<double> block = model.Stack.Blocks[layer];
            double[] first = PlainNorms.Sum(AskedModels.LastRow(trace.Residual(layer)), AskedModels.LastRow(trace.Blocks[layer].AttentionOutput));
            norms.Add((block.AttentionNorm, first));
            double[] between = PlainNorms.Sum(PlainNorms.Apply(block.AttentionNorm, config, first, first), PlainNorms.Bias(block.AttentionNorm));
            norms.Add((block.FeedForwardNorm, PlainNorms.Sum(between, AskedModels.LastRow(trace.Blocks[layer].FeedForwardOutput))));
        }
        if (!isAfter)
            norms.Add((model.Stack.FinalNorm!, AskedModels.LastRow(trace.Residual(layers))));

        double[] tokens = [.. AskedModels.LastRow(trace.TokenVectors).Select(x => x * model.Config.EmbeddingScale)];
        double[]? positions = trace.PositionVectors is { } table ? AskedModels.LastRow(table) : null;
        double[]? segment = model.Input.Segments?.Table.Value.Span[..model.Config.Width].ToArray();
        double[] sum = tokens;
        foreach (double[] part in new[] { positions, segment }.OfType<double[]>())
            sum = PlainNorms.Sum(sum, part);
        AddInput(ContributionKind.TokenEmbedding, tokens);
        AddInput(ContributionKind.PositionEmbedding, positions);
        AddInput(ContributionKind.SegmentEmbedding, segment);
        if (model.Input.Norm is { } inputNorm)
            Add(ContributionKind.EmbeddingNormBias, null, null, inputNorm.Bias?.Value.Span.ToArray(), 0);

        for (int layer = 0; layer < layers; layer++)
        {
            TransformerBlock<double> block = model.Stack.Blocks[layer];
            int from = isAfter ? 2 * layer : 0;
            for (int head = 0; head < model.Config.Attention.Heads; head++)
                Add(ContributionKind.Head, layer, head, Missing(AskedModels.Without(model, ModelPart.OfHead(layer, head)), blocks => blocks.AttentionOutput), from);
            Add(ContributionKind.AttentionBias, layer, null, block.Attention.Output.Bias?.Value.Span.ToArray(), from);
            Decoder<double> withoutWeights = AskedModels.Copy(model);
            withoutWeights.Stack.Blocks[layer].FeedForward.Down.Weight.Value.Span.Clear();
            int fromFeedForward = isAfter ? from + 1 : 0;
            Add(ContributionKind.FeedForward, layer, null, Missing(withoutWeights, blocks => blocks.FeedForwardOutput), fromFeedForward);
            Add(ContributionKind.FeedForwardBias, layer, null, block.FeedForward.Down.Bias?.Value.Span.ToArray(), fromFeedForward);
            if (isAfter)
            {
                Add(ContributionKind.AttentionNormBias, layer, null, block.AttentionNorm.Bias?.Value.Span.ToArray(), from + 1);
                Add(ContributionKind.FeedForwardNormBias, layer, null, block.FeedForwardNorm.Bias?.Value.Span.ToArray(), from + 2);
            }

            double[] Missing(Decoder<double> without, Func<BlockTrace<double>, Tensor<double>> branch)
            {
                using DecoderTrace<double> other = without.Trace(AskedModels.Ids);
                return [.. AskedModels.LastRow(branch(trace.Blocks[layer])).Zip(AskedModels.LastRow(branch(other.Blocks[layer])), (a, b) => a - b)];
            }
        }
        if (model.Stack.FinalNorm is { } last)
            Add(ContributionKind.FinalNormBias, null, null, last.Bias?.Value.Span.ToArray(), norms.Count);
        if (model.Output.Bias is { } bias)
            expected[(ContributionKind.LogitBias, null, null)] = bias.Value.Span[token];
        return expected;

        void AddInput(ContributionKind kind, double[]? part) =>
            Add(kind, null, null, part is not null && model.Input.Norm is { } norm ? PlainNorms.Apply(norm, config, part, sum) : part, 0);

        // What the norms from one on, and the head, make of a part.
        void Add(ContributionKind kind, int? layer, int? head, double[]? part, int from)
        {
            if (part is null)
                return;
            foreach ((Norm<double> norm, double[] whole) in norms.Skip(from))
                part = PlainNorms.Apply(norm, config, part, whole);
            expected[(kind, layer, head)] = PlainNorms.Logit(model, token, part);
        }
    }
}
