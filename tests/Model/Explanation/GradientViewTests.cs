using MiniGpt.Model.Architectures;
using MiniGpt.Model.Explanation;
using MiniGpt.Model.Layers;
using Xunit;

namespace MiniGpt.Tests.Model.Explanation;

/// <summary>Gradients of logits by tokens of the text, beside central differences.</summary>
public class GradientViewTests
{
    private const double Step = 1e-5;

    public static TheoryData<string> Models => AskedModels.Names;

    [Theory]
    [MemberData(nameof(Models))]
    public void They_are_what_central_differences_say(string name)
    {
        Decoder<double> model = AskedModels.Of(name), changed = Untied(model);
        foreach ((int token, int? against) in (IEnumerable<(int, int?)>)[(21, null), (4, 40)])
        {
            GradientView view = GradientView.Of(model, AskedModels.Ids, token, against);
            Assert.Equal((token, against), (view.Token, view.Against));
            double[][] expected = [.. AskedModels.Ids.Select(id => Differences(changed, id, token, against))];
            double largest = Math.Max(1, expected.Max(gradient => Length(gradient)));
            foreach ((int position, InputGradient input) in view.Inputs.Index())
            {
                double[] vector = changed.Tokens.Table.Value.Span.Slice(AskedModels.Ids[position] * model.Config.Width, model.Config.Width).ToArray();
                Assert.Equal(Length(expected[position]), input.Norm, 1e-6 * largest);
                Assert.Equal(expected[position].Zip(vector, (a, b) => a * b).Sum(), input.TimesInput, 1e-6 * largest * Math.Max(1, Length(vector)));
            }
            Assert.All(view.Inputs, input => Assert.True(input.Norm > 0));
        }
    }

    [Fact]
    public void A_token_that_stands_twice_has_a_gradient_at_each_of_its_places_and_the_model_keeps_none()
    {
        Decoder<double> model = AskedModels.Of("gpt2-tiny");
        GradientView view = GradientView.Of(model, [5, 8, 5, 8], token: 3);
        Assert.NotEqual(view.Inputs[0].Norm, view.Inputs[2].Norm, 1e-9);
        Decoder<double> changed = Untied(model);
        // A change of the row is a change at both places.
        double[] both = Differences(changed, 5, 3, null, [5, 8, 5, 8]), vector = changed.Tokens.Table.Value.Span.Slice(5 * 32, 32).ToArray();
        Assert.Equal(both.Zip(vector, (a, b) => a * b).Sum(), view.Inputs[0].TimesInput + view.Inputs[2].TimesInput, 1e-6);
        Assert.All(model.Parameters.All, parameter => Assert.Equal(0, parameter.Variable.GradientWrites));
    }

    [Fact]
    public void One_token_is_enough_and_none_is_not()
    {
        Decoder<double> model = AskedModels.Of("family/llama-tiny");
        Assert.Single(GradientView.Of(model, [9], 3).Inputs);
        Assert.Contains("at least one token", Assert.Throws<ArgumentException>(() => GradientView.Of(model, [], 3)).Message, StringComparison.Ordinal);
        Assert.Contains("the id 61", Assert.Throws<ArgumentException>(() => GradientView.Of(model, [1], 3, against: 61)).Message, StringComparison.Ordinal);
    }

    /// <summary>The same model with a head of its own: a change of its table of tokens changes what goes in alone.</summary>
    private static Decoder<double> Untied(Decoder<double> model)
    {
        Decoder<double> untied = new(model.Config with { Head = HeadKind.Own });
        foreach (Parameter<double> parameter in untied.Parameters.All)
            (model.Parameters.All.SingleOrDefault(other => other.Name == parameter.Name) ?? model.Head).Value.Span.CopyTo(parameter.Value.Span);
        return untied;
    }

    private static double[] Differences(Decoder<double> model, int id, int token, int? against, int[]? ids = null)
    {
        int width = model.Config.Width;
        return [.. Enumerable.Range(id * width, width).Select(index =>
        {
            double kept = model.Tokens.Table.Value.Span[index];
            double above = At(kept + Step), below = At(kept - Step);
            At(kept);
            return (above - below) / (2 * Step);

            double At(double value)
            {
                model.Tokens.Table.Value.Span[index] = value;
                double[] logits = AskedModels.Logits(model, ids ?? AskedModels.Ids);
                return logits[token] - (against is int other ? logits[other] : 0);
            }
        })];
    }

    private static double Length(double[] vector) => Math.Sqrt(vector.Sum(x => x * x));
}
