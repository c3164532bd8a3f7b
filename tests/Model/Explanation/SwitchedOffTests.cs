using MiniGpt.Autograd;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Explanation;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors;
using Xunit;

namespace MiniGpt.Tests.Model.Explanation;

/// <summary>Parts that are switched off, beside models in which their parameters are zero.</summary>
public class SwitchedOffTests
{
    public static TheoryData<string> Models => AskedModels.Names;

    [Theory]
    [MemberData(nameof(Models))]
    public void What_is_switched_off_is_what_a_model_has_whose_parameters_are_zero_there(string name)
    {
        Decoder<double> model = AskedModels.Of(name);
        foreach (ModelPart[] parts in (ModelPart[][])
            [
                [ModelPart.OfHead(0, 1)], [ModelPart.OfHead(1, 3)], [ModelPart.OfHead(0, 0), ModelPart.OfHead(0, 2), ModelPart.OfHead(1, 1)],
                [ModelPart.OfAttention(1)], [ModelPart.OfFeedForward(0)], [.. ModelPart.OfLayer(1)], [.. ModelPart.OfLayer(0), ModelPart.OfHead(1, 0)],
            ])
        {
            double[][] before = AskedModels.AllLogits(model, AskedModels.Ids), after = AskedModels.AllLogits(AskedModels.Without(model, parts), AskedModels.Ids);
            SwitchedOffView view = SwitchedOffView.Of(model, AskedModels.Ids, parts, model.Config.VocabularySize);
            Assert.Equal(parts, view.Without);
            Assert.Equal(Enumerable.Range(0, model.Config.VocabularySize), view.Tokens.Select(token => token.Id).Order());
            double[] sharesBefore = Softmax(before[^1]), sharesAfter = Softmax(after[^1]);
            Assert.All(view.Tokens, token =>
            {
                Assert.Equal(before[^1][token.Id], token.LogitBefore, 1e-9);
                Assert.Equal(after[^1][token.Id], token.LogitAfter, 1e-9);
                Assert.Equal(sharesBefore[token.Id], token.Before, 1e-9);
                Assert.Equal(sharesAfter[token.Id], token.After, 1e-9);
            });
            Assert.Equal(Loss(before), view.LossBefore!.Value, 1e-9);
            Assert.Equal(Loss(after), view.LossAfter!.Value, 1e-9);
            Assert.NotEqual(view.LossBefore.Value, view.LossAfter.Value, 1e-6);
            Assert.Equal(view.Tokens.Select(token => Math.Abs(token.Change)).OrderDescending(), view.Tokens.Select(token => Math.Abs(token.Change)));
        }
    }

    [Fact]
    public void A_text_of_one_token_has_no_loss_and_as_many_tokens_are_shown_as_are_wanted()
    {
        SwitchedOffView view = SwitchedOffView.Of(AskedModels.Of("gpt2-tiny"), [3], [ModelPart.OfHead(1, 0)], count: 4);
        Assert.Null(view.LossBefore);
        Assert.Null(view.LossAfter);
        Assert.Equal(4, view.Tokens.Count);
    }

    [Fact]
    public void In_float_the_same_comes_out_as_far_as_float_goes()
    {
        Decoder<float> model = ModelFolder.Load<float>(Fixtures.File("gpt2-tiny")).Model;
        int size = model.Config.VocabularySize;
        Dictionary<int, ChangedToken> exact = SwitchedOffView.Of(AskedModels.Of("gpt2-tiny"), AskedModels.Ids, ModelPart.OfLayer(0), size).Tokens.ToDictionary(token => token.Id);
        Assert.All(SwitchedOffView.Of(model, AskedModels.Ids, ModelPart.OfLayer(0), size).Tokens, token => Assert.Equal(exact[token.Id].LogitAfter, token.LogitAfter, 1e-4));
    }

    [Fact]
    public void No_gradient_goes_through_what_is_switched_off()
    {
        Decoder<double> model = AskedModels.Of("norms-after"), without = AskedModels.Without(model, ModelPart.OfHead(1, 2), ModelPart.OfFeedForward(0));
        double[] expected = GradientOf(without, observer: null), actual = GradientOf(model, new SwitchedOff<double>([ModelPart.OfHead(1, 2), ModelPart.OfFeedForward(0)]));
        Assert.Contains(expected, number => Math.Abs(number) > 1e-3);
        Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, 1e-9));

        // Of the table of tokens: all of the model is between it and the loss.
        static double[] GradientOf(Decoder<double> model, IForwardObserver<double>? observer)
        {
            using Tape<double> tape = new();
            Tensor<int> ids = tape.Copy<int>(AskedModels.Ids, [1, AskedModels.Ids.Length]), targets = tape.Copy<int>(AskedModels.Others, ids.Shape);
            tape.Backward(model.Loss(ids, targets, new ForwardPass<double>(tape) { Observer = observer }));
            return model.Tokens.Table.Variable.Gradient.Span.ToArray();
        }
    }

    [Fact]
    public void What_a_model_does_not_have_is_refused()
    {
        Decoder<double> model = AskedModels.Of("gpt2-tiny");
        Refused("there is no layer 3: the model has 2", [1], ModelPart.OfLayer(2)[0]);
        Refused("there is no layer 0", [1], ModelPart.OfFeedForward(-1));
        Refused("there is no head 5: each layer has 4", [1], ModelPart.OfHead(0, 4));
        Refused("at least one token", [], ModelPart.OfHead(0, 0));
        Refused("17 tokens are more than the context of 16", [.. Enumerable.Range(0, 17)], ModelPart.OfHead(0, 0));
        Refused("the id 65, outside of the vocabulary of 65", [65], ModelPart.OfHead(0, 0));
        Decoder<double> network = new(RecurrentNetwork.Config(RecurrentKind.Lstm, new ModelSizes(10, 8, 1, 1, 8)));
        Assert.Contains("a recurrent network has none",
            Assert.Throws<ArgumentException>(() => SwitchedOffView.Of(network, [1], [ModelPart.OfAttention(0)], 1)).Message, StringComparison.Ordinal);

        void Refused(string message, int[] ids, ModelPart part) =>
            Assert.Contains(message, Assert.Throws<ArgumentException>(() => SwitchedOffView.Of(model, ids, [part], 1)).Message, StringComparison.Ordinal);
    }

    private static double[] Softmax(double[] logits)
    {
        double sum = logits.Sum(Math.Exp);
        return [.. logits.Select(logit => Math.Exp(logit) / sum)];
    }

    private static double Loss(double[][] logits) => AskedModels.Ids.Skip(1).Select((id, place) => -Math.Log(Softmax(logits[place])[id])).Average();
}
