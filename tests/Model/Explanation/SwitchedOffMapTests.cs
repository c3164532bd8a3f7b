using MiniGpt.Model.Architectures;
using MiniGpt.Model.Explanation;
using Xunit;

namespace MiniGpt.Tests.Model.Explanation;

/// <summary>All parts switched off side by side, beside models in which their parameters are zero.</summary>
public class SwitchedOffMapTests
{
    public static TheoryData<string> Models => AskedModels.Names;

    [Theory]
    [MemberData(nameof(Models))]
    public void Each_cell_is_what_a_model_says_whose_parameters_are_zero_there(string name)
    {
        Decoder<double> model = AskedModels.Of(name);
        SwitchedOffMap map = SwitchedOffMap.Of(model, AskedModels.Ids);
        double[] before = AskedModels.Logits(model, AskedModels.Ids);
        Assert.Equal(before.Index().MaxBy(logit => logit.Item).Index, map.Token);
        AssertShares(before, map.Before);
        Assert.Equal(model.Config.Layers * (model.Config.Attention.Heads + 3), map.Cells.Count);
        Assert.Equal(ExpectedParts(model), map.Cells.Select(cell => string.Join('+', cell.Without)));
        Assert.All(map.Cells, cell =>
        {
            double[] after = AskedModels.Logits(AskedModels.Without(model, cell.Without), AskedModels.Ids);
            AssertShares(after, cell.Next);
            int[] ids = cell.Next.Ids;
            Assert.Equal(ids.OrderByDescending(id => after[id]), ids);
            Assert.Equal(Likeliest(before).Union(Likeliest(after)).Order(), ids.Order());
            Assert.Subset(map.Before.Ids.ToHashSet(), ids.ToHashSet());
        });

        static int[] Likeliest(double[] logits) => [.. logits.Index().OrderByDescending(logit => logit.Item).Take(6).Select(logit => logit.Index)];
    }

    [Fact]
    public void A_long_text_is_asked_in_several_passes_and_heads_can_be_left_out()
    {
        Decoder<double> model = AskedModels.Drawn(AskedModels.Small);
        int[] ids = [.. Enumerable.Range(0, 48).Select(i => i * 7 % 47)];
        SwitchedOffMap all = SwitchedOffMap.Of(model, ids), layers = SwitchedOffMap.Of(model, ids, withHeads: false);
        Assert.True(all.HasHeads && !layers.HasHeads);
        Assert.Equal(3 * model.Config.Layers, layers.Cells.Count);
        Assert.True(all.Cells.Count * ids.Length > 512); // or one pass would be enough
        Assert.All(all.Cells.Concat(layers.Cells), cell => AssertShares(AskedModels.Logits(AskedModels.Without(model, cell.Without), ids), cell.Next));
    }

    private static IEnumerable<string> ExpectedParts(Decoder<double> model)
    {
        for (int layer = 0; layer < model.Config.Layers; layer++)
        {
            for (int head = 0; head < model.Config.Attention.Heads; head++)
                yield return $"{ModelPart.OfHead(layer, head)}";
            yield return $"{ModelPart.OfAttention(layer)}";
            yield return $"{ModelPart.OfFeedForward(layer)}";
            yield return $"{ModelPart.OfAttention(layer)}+{ModelPart.OfFeedForward(layer)}";
        }
    }

    private static void AssertShares(double[] logits, TokenShares shares)
    {
        double sum = logits.Sum(Math.Exp);
        Assert.All(shares.Ids.Index(), token =>
        {
            Assert.Equal(logits[token.Item], shares.Logits[token.Index], 1e-9);
            Assert.Equal(Math.Exp(logits[token.Item]) / sum, shares.Probabilities[token.Index], 1e-9);
        });
    }
}
