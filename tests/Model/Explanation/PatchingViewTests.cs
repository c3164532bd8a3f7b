using MiniGpt.Autograd;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Explanation;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors;
using Xunit;

namespace MiniGpt.Tests.Model.Explanation;

/// <summary>Activation patching, beside what the rest of the model makes of a stream that was patched by hand.</summary>
public class PatchingViewTests
{
    public static TheoryData<string> Models => AskedModels.Names;

    [Theory]
    [MemberData(nameof(Models))]
    public void Every_patched_difference_is_what_the_later_blocks_make_of_the_patched_stream(string name)
    {
        Decoder<double> model = AskedModels.Of(name);
        (int[] ids, int[] others, int token, int against) = (AskedModels.Ids, AskedModels.Others, 9, 30);
        PatchingView view = PatchingView.Of(model, ids, others, token, against);
        Assert.Equal((token, against), (view.Token, view.Against));
        Assert.Equal(Difference(AskedModels.Logits(model, ids)), view.Difference, 1e-9);
        Assert.Equal(Difference(AskedModels.Logits(model, others)), view.OtherDifference, 1e-9);
        Assert.Equal(model.Config.Layers + 1, view.Patched.Count);
        double[][] here = Streams(model, ids), there = Streams(model, others);
        for (int blocks = 0; blocks <= model.Config.Layers; blocks++)
        {
            Assert.Equal(ids.Length, view.Patched[blocks].Count);
            for (int position = 0; position < ids.Length; position++)
            {
                double[] stream = [.. here[blocks]];
                Array.Copy(there[blocks], position * model.Config.Width, stream, position * model.Config.Width, model.Config.Width);
                double expected = Difference(Later(model, stream, blocks));
                Assert.Equal(expected, view.Patched[blocks][position], 1e-9);
                Assert.Equal((expected - view.Difference) / (view.OtherDifference - view.Difference), view.ShareRestored(blocks, position), 1e-9);
            }
        }

        double Difference(double[] logits) => logits[token] - logits[against];
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void At_the_input_the_different_token_carries_all_and_at_the_end_the_last_position_does(string name)
    {
        Decoder<double> model = AskedModels.Of(name);
        int[] other = [.. AskedModels.Ids];
        other[3] = 17;
        PatchingView view = PatchingView.Of(model, AskedModels.Ids, other, token: 9, against: 30);
        for (int position = 0; position < other.Length; position++)
        {
            Assert.Equal(position == 3 ? 1 : 0, view.ShareRestored(0, position), 1e-7);
            Assert.Equal(position == other.Length - 1 ? 1 : 0, view.ShareRestored(model.Config.Layers, position), 1e-7);
        }
    }

    [Fact]
    public void A_long_text_is_patched_in_several_passes_with_the_same_numbers()
    {
        Decoder<double> model = AskedModels.Drawn(AskedModels.Small);
        int[] ids = [.. Enumerable.Range(0, 41).Select(i => i * 7 % 47)], other = [.. ids];
        other[11] = 31;
        PatchingView view = PatchingView.Of(model, ids, other, token: 1, against: 2);
        double[][] here = Streams(model, ids), there = Streams(model, other);
        foreach (int position in (int[])[0, 11, 12, 24, 39, 40])
        {
            double[] stream = [.. here[1]], logits;
            Array.Copy(there[1], position * 16, stream, position * 16, 16);
            logits = Later(model, stream, 1);
            Assert.Equal(logits[1] - logits[2], view.Patched[1][position], 1e-9);
        }
    }

    [Fact]
    public void Left_out_the_tokens_are_the_likeliest_after_each_text()
    {
        Decoder<double> model = AskedModels.Of("norms-after");
        int[] other = Enumerable.Range(0, 47).Select(last => (int[])[4, 8, last]).First(ids => Likeliest(ids) != Likeliest([4, 8, 1]));
        PatchingView view = PatchingView.Of(model, [4, 8, 1], other);
        Assert.Equal((Likeliest(other), Likeliest([4, 8, 1])), (view.Token, view.Against));
        Assert.True(view.Difference < 0 && view.OtherDifference > 0);

        int Likeliest(int[] ids) => AskedModels.Logits(model, ids).Index().MaxBy(logit => logit.Item).Index;
    }

    [Fact]
    public void Texts_that_cannot_be_compared_are_refused()
    {
        Decoder<double> model = AskedModels.Of("gpt2-tiny");
        Refused("the texts have 2 and 3 tokens", [1, 2], [1, 2, 3], 5, 6);
        Refused("the same token", [1, 2], [1, 3], 5, 5);
        Refused("differ equally after both texts", [1, 2], [1, 2], 5, 6);
        Refused("the id 65, outside of the vocabulary", [1, 2], [1, 3], 65, 6);
        Refused("at least one token", [], [], null, null);

        void Refused(string message, int[] ids, int[] other, int? token, int? against) =>
            Assert.Contains(message, Assert.Throws<ArgumentException>(() => PatchingView.Of(model, ids, other, token, against)).Message, StringComparison.Ordinal);
    }

    /// <summary>[layers + 1]: the residual stream after so many blocks, [T, C].</summary>
    private static double[][] Streams(Decoder<double> model, int[] ids)
    {
        using Tape<double> tape = new(records: false);
        ForwardPass<double> pass = new(tape);
        Variable<double> x = model.Input.Forward(tape.Copy<int>(ids, [1, ids.Length]), pass);
        List<double[]> streams = [x.Value.Span.ToArray()];
        foreach (TransformerBlock<double> block in model.Stack.Blocks)
        {
            x = block.Forward(x, pass);
            streams.Add(x.Value.Span.ToArray());
        }
        return [.. streams];
    }

    /// <summary>The logits that the blocks after some make of a residual stream.</summary>
    private static double[] Later(Decoder<double> model, double[] stream, int blocks)
    {
        using Tape<double> tape = new(records: false);
        Variable<double> x = tape.Constant(Tensor<double>.From(stream, [1, stream.Length / model.Config.Width, model.Config.Width]));
        foreach (TransformerBlock<double> block in model.Stack.Blocks.Skip(blocks))
            x = block.Forward(x, new ForwardPass<double>(tape));
        return model.Project(model.Stack.Norm(x)).Value.Span[^model.Config.VocabularySize..].ToArray();
    }
}
