using System.Text.RegularExpressions;
using MiniGpt.Autograd;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;
using Xunit;
using Xunit.Sdk;

namespace MiniGpt.Tests.Properties;

/// <summary>What a developer sees when a property does not hold.</summary>
public class FailingPropertyTests
{
    [Fact]
    public void A_broken_operator_is_shown_with_the_smallest_shapes_and_how_to_run_it_again()
    {
        XunitException failure = Assert.ThrowsAny<XunitException>(() => Property.Check(Halves, "Halves", replay: null));

        // The fault shows where the innermost axis has three elements: no smaller case fails.
        string shrunk = failure.Message[failure.Message.IndexOf("Shrunk:", StringComparison.Ordinal)..];
        Assert.Contains("shape [3] of sizes 3, 1, 1, 1; choice 0, views 0, uses 1", shrunk, StringComparison.Ordinal);
        Assert.Contains("by backward", shrunk, StringComparison.Ordinal);
        Assert.Matches(@"Again: MINIGPT_PROPERTY_REPLAY=\d+,\d+,\d+ dotnet test tests --filter Name=Halves", failure.Message);

        string replay = Regex.Match(failure.Message, "REPLAY=([0-9,]+)").Groups[1].Value;
        XunitException again = Assert.ThrowsAny<XunitException>(() => Property.Check(Halves, "Halves", replay));
        Assert.StartsWith("Falsifiable, after 1 test", again.Message, StringComparison.Ordinal);
        Assert.Equal(Original(failure), Original(again));
    }

    private static string Original(XunitException failure) => Regex.Match(failure.Message, @"Original:\s+(.*)").Groups[1].Value;

    private static void Halves(Sizes s)
    {
        GradCheckResult result = GradCheck.Run((_, x) => Half(x[0]), [GradientProperty.Any(s, 0, s.Shape())]);
        Assert.True(result.Passed, result.ToString());
    }

    /// <summary>y = x / 2, with a backward that forgets the third element where the innermost axis has one.</summary>
    private static Variable<double> Half(Variable<double> x)
    {
        Tape<double> tape = Tape<double>.Of(x);
        Variable<double> y = tape.Result(x.Shape, x.RequiresGradient);
        Elementwise.Scale(x.Value, 0.5, y.Value);
        if (y.RequiresGradient)
            tape.Record<HalfNode>(y).X = x;

        return y;
    }

    private sealed class HalfNode : Node<double>
    {
        public Variable<double> X = null!;

        protected override void Backward()
        {
            Tensor<double> target = X.GradientTarget(out bool accumulate);
            Elementwise.Scale(Output.Gradient, 0.5, target, accumulate);
            if (target.Shape[-1] >= 3)
                target.Span[2] = 0;
        }
    }
}
