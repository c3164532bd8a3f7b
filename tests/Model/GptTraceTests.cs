using MiniGpt.Autograd;
using MiniGpt.Model;
using MiniGpt.Tensors;
using Xunit;

namespace MiniGpt.Tests.Model;

public sealed class GptTraceTests
{
    private static readonly int[] s_ids = [3, 1, 4, 1, 5, 9, 2, 6];

    [Theory]
    [InlineData(PositionKind.Learned, true)]
    [InlineData(PositionKind.Sinusoidal, false)]
    public void The_trace_has_the_logits_and_hidden_states_of_the_forward_pass(PositionKind positions, bool tied)
    {
        Gpt<double> gpt = Model(positions, tied);
        using GptTrace<double> trace = gpt.Trace(s_ids);
        using Tape<double> tape = new(records: false);
        Tensor<int> ids = tape.Copy<int>(s_ids, [1, s_ids.Length]);
        AssertClose(gpt.Hidden(tape, ids).Value, trace.Hidden);
        AssertClose(gpt.Forward(tape, ids).Value, trace.Logits);
    }

    [Fact]
    public void Blocks_pass_the_residual_stream_on()
    {
        Gpt<double> gpt = Model();
        using GptTrace<double> trace = gpt.Trace(s_ids);
        for (int layer = 0; layer < gpt.Config.Layers; layer++)
        {
            using Tape<double> tape = new(records: false);
            var input = tape.Constant(trace.Residual(layer).Reshape([1, s_ids.Length, gpt.Config.Width]));
            AssertClose(gpt.Blocks[layer].Forward(input).Value, trace.Residual(layer + 1));
        }
    }

    [Fact]
    public void Weights_sum_to_one_and_nobody_looks_ahead()
    {
        using GptTrace<double> trace = Model().Trace(s_ids);
        foreach (BlockTrace<double> block in trace.Blocks)
        {
            for (int head = 0; head < 2; head++)
            {
                for (int query = 0; query < s_ids.Length; query++)
                {
                    double[] row = [.. Enumerable.Range(0, s_ids.Length).Select(key => block.Weights[head, query, key])];
                    Assert.Equal(1, row.Sum(), 1e-12);
                    Assert.All(row[(query + 1)..], weight => Assert.Equal(0, weight));
                    Assert.All(row[..(query + 1)], weight => Assert.InRange(weight, double.Epsilon, 1));
                }
            }
        }
    }

    [Fact]
    public void Scores_are_plain_dot_products_and_heads_weighted_sums()
    {
        using GptTrace<double> trace = Model().Trace(s_ids);
        BlockTrace<double> block = trace.Blocks[1];
        double score = Enumerable.Range(0, 4).Sum(d => block.Query[1, 5, d] * block.Key[1, 2, d]);
        Assert.Equal(score, block.Scores[1, 5, 2], 1e-12);
        double sum = Enumerable.Range(0, 6).Sum(key => block.Weights[1, 5, key] * block.Value[1, key, 3]);
        Assert.Equal(sum, block.HeadOutputs[1, 5, 3], 1e-12);
    }

    [Theory]
    [InlineData(new int[0], "at least one token")]
    [InlineData(new[] { 10 }, "the id 10 is outside of the vocabulary of 10")]
    [InlineData(new[] { 1, 1, 1, 1, 1, 1, 1, 1, 1 }, "9 tokens are more than the context of 8")]
    public void What_cannot_be_traced_is_refused(int[] ids, string message)
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => Model().Trace(ids));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    private static Gpt<double> Model(PositionKind positions = PositionKind.Learned, bool tied = true)
    {
        // A wide start makes the weights of attention uneven.
        Gpt<double> gpt = new(new GptConfig
        {
            VocabularySize = 10,
            Context = 8,
            Layers = 3,
            Heads = 2,
            Width = 8,
            Positions = positions,
            TiedHead = tied,
            InitializerRange = 0.6,
        });
        gpt.Initialize(seed: 5);
        return gpt;
    }

    private static void AssertClose(Tensor<double> expected, Tensor<double> actual)
    {
        Assert.Equal(expected.Count, actual.Count);
        for (int i = 0; i < expected.Count; i++)
            Assert.Equal(expected.Span[i], actual.Span[i], 1e-11);
    }
}
