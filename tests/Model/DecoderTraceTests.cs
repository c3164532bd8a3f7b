using MiniGpt.Autograd;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Generation;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors;
using Xunit;

namespace MiniGpt.Tests.Model;

public sealed class DecoderTraceTests
{
    private static readonly int[] s_ids = [3, 1, 4, 1, 5, 9, 2, 6];

    [Theory]
    [InlineData(PositionKind.Learned, true)]
    [InlineData(PositionKind.Sinusoidal, false)]
    public void The_trace_has_the_logits_and_hidden_states_of_the_forward_pass(PositionKind positions, bool tied)
    {
        Decoder<double> gpt = Model(positions, tied);
        using DecoderTrace<double> trace = gpt.Trace(s_ids);
        using Tape<double> tape = new(records: false);
        Tensor<int> ids = tape.Copy<int>(s_ids, [1, s_ids.Length]);
        AssertClose(gpt.Hidden(tape, ids).Value, trace.Hidden);
        AssertClose(gpt.Forward(tape, ids).Value, trace.Logits);
    }

    [Theory]
    [InlineData("llama", 0)]
    [InlineData("qwen2", 3)]
    [InlineData("qwen3", 1)]
    public void Shared_heads_rotary_positions_and_windows_are_traced_as_they_are_computed(string family, int window)
    {
        TransformerConfig config = ModelFamily.Of(family).Configure(new ModelSizes(10, 8, 2, 4, 16) { KeyHeads = 2 });
        Decoder<double> model = new(config with { InitializerRange = 0.6, Attention = config.Attention with { Window = window } });
        model.Initialize(seed: 5);
        using DecoderTrace<double> trace = model.Trace(s_ids);
        using Tape<double> tape = new(records: false);
        AssertClose(model.Forward(tape, tape.Copy<int>(s_ids, [1, s_ids.Length])).Value, trace.Logits);
        Assert.Null(trace.PositionVectors);
        Assert.Equal([2, 8, 4], trace.Blocks[0].Key.Shape);
        double[] row = [.. Enumerable.Range(0, 8).Select(key => trace.Blocks[1].Weights[3, 6, key])];
        Assert.Equal(window == 0 ? 7 : window, row.Count(weight => weight > 0));

        // A memory sees the same window.
        using IncrementalDecoder<double> decoder = new(model.ForReading());
        AssertClose(trace.Logits, decoder.Logits(s_ids, 0, everywhere: true));
    }

    [Fact]
    public void Blocks_pass_the_residual_stream_on()
    {
        Decoder<double> gpt = Model();
        using DecoderTrace<double> trace = gpt.Trace(s_ids);
        for (int layer = 0; layer < gpt.Config.Layers; layer++)
        {
            using Tape<double> tape = new(records: false);
            var input = tape.Constant(trace.Residual(layer).Reshape([1, s_ids.Length, gpt.Config.Width]));
            AssertClose(gpt.Stack.Blocks[layer].Forward(input, new ForwardPass<double>(tape)).Value, trace.Residual(layer + 1));
        }
    }

    [Fact]
    public void Weights_sum_to_one_and_nobody_looks_ahead()
    {
        using DecoderTrace<double> trace = Model().Trace(s_ids);
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
        using DecoderTrace<double> trace = Model().Trace(s_ids);
        BlockTrace<double> block = trace.Blocks[1];
        double score = Enumerable.Range(0, 4).Sum(d => block.Query[1, 5, d] * block.Key[1, 2, d]);
        Assert.Equal(score, block.Scores[1, 5, 2], 1e-12);
        double sum = Enumerable.Range(0, 6).Sum(key => block.Weights[1, 5, key] * block.Value[1, key, 3]);
        Assert.Equal(sum, block.HeadOutputs[1, 5, 3], 1e-12);
    }

    [Theory]
    [InlineData(new int[0], "at least one token")]
    [InlineData(new[] { 10 }, "the text has the id 10, outside of the vocabulary of 10")]
    [InlineData(new[] { 1, 1, 1, 1, 1, 1, 1, 1, 1 }, "9 tokens are more than the context of 8")]
    public void What_cannot_be_traced_is_refused(int[] ids, string message)
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => Model().Trace(ids));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    private static Decoder<double> Model(PositionKind positions = PositionKind.Learned, bool tied = true)
    {
        // A wide start makes the weights of attention uneven.
        Decoder<double> gpt = new(Gpt2.Config(10, 8, 3, 2, 8) with { Positions = new() { Kind = positions }, Head = tied ? HeadKind.Tied : HeadKind.Own, InitializerRange = 0.6 });
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
