using MiniGpt.Autograd;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Generation;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors;
using MiniGpt.Tests.Reference;
using MiniGpt.Tests.Tensors;
using Xunit;

namespace MiniGpt.Tests.Model.Layers;

/// <summary>Attention that sees a few positions alone is attention with a mask.</summary>
public sealed class AttentionWindowTests
{
    private const int Heads = 4;
    private const int KeyHeads = 2;
    private const int Size = 6;
    private const int Positions = 15;

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(14)]
    [InlineData(15)]
    [InlineData(40)]
    public void A_layer_with_a_window_is_plain_attention_over_that_many_positions(int window)
    {
        Decoder<double> model = Model(window);
        MultiHeadAttention<double> attention = model.Stack.Blocks[0].Attention;
        using Tape<double> tape = new(records: false);
        Variable<double> x = tape.Constant(Samples.Random<double>([1, Positions, Heads * Size], 2));
        double[] found = Samples.Doubles(attention.Forward(x, new ForwardPass<double>(tape)).Value);

        Variable<double> qkv = attention.QueryKeyValue.Forward(x);
        PlainAttention plain = new(Positions, Positions, Size, Size, 1 / Math.Sqrt(Size), (i, j) => j <= i && i - j < window, factor: (_, _) => 1);
        Tensor<double> joined = new([1, Positions, Heads * Size]);
        for (int head = 0; head < Heads; head++)
        {
            int shared = head / (Heads / KeyHeads);
            double[] output = plain.Forward(Head(head), Head(Heads + shared), Head(Heads + KeyHeads + shared));
            for (int i = 0; i < output.Length; i++)
                joined[0, i / Size, head * Size + i % Size] = output[i];
        }
        Samples.AssertClose(Samples.Doubles(attention.Output.Forward(tape.Constant(joined)).Value), Tensor<double>.From(found, x.Shape), 1e4, _ => 1);

        double[] Head(int head) => Samples.Doubles(qkv.Value.Slice(2, head * Size, Size));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void What_is_remembered_is_seen_through_the_same_window(int window)
    {
        Decoder<double> model = Model(window);
        int[] ids = [.. Enumerable.Range(0, Positions).Select(i => i * i % 7)];
        using Tape<double> tape = new(records: false);
        Tensor<double> whole = model.Forward(tape, Tensor<int>.From(ids, [1, Positions])).Value;
        using IncrementalDecoder<double> remembering = new(model);
        for (int position = 0; position < Positions; position++)
        {
            double[] expected = Samples.Doubles(whole.Slice(1, position, 1));
            Samples.AssertClose(expected, remembering.Logits(ids.AsSpan(position, 1), position), 1e5, _ => 1);
        }
    }

    private static Decoder<double> Model(int window)
    {
        TransformerConfig config = Llama.Config(new ModelSizes(7, 16, 2, Heads, Heads * Size) { KeyHeads = KeyHeads });
        Decoder<double> model = new(config with
        {
            Positions = new() { Kind = PositionKind.None },
            Attention = config.Attention with { Window = window },
            InitializerRange = 0.5,
        });
        model.Initialize(1);
        return model;
    }
}
