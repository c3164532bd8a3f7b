using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;
using MiniGpt.Tensors;
using Xunit;

namespace MiniGpt.Tests.Autograd;

public class GradCheckTests
{
    public static TheoryData<string, string> Cases =>
        [.. GradCheckCases.All.Select(gradCheck => new TheoryDataRow<string, string>(gradCheck.Operator, gradCheck.Case))];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Every_case_of_the_catalogue_passes(string name, string special)
    {
        GradCheckCase gradCheck = Assert.Single(GradCheckCases.All, known => known.Operator == name && known.Case == special);
        foreach (ulong seed in (ReadOnlySpan<ulong>)[0, 1, ulong.MaxValue])
        {
            GradCheckResult result = gradCheck.Run(seed);
            Assert.True(result.Passed && result.Coordinates > 0, result.ToString());
        }
    }

    [Fact]
    public void A_users_operator_passes()
    {
        GradCheckResult result = GradCheck.Run((_, x) => Cube(x[0], 3), [Tensor<double>.From([-1, 0.5, 2], [3])]);
        Assert.True(result.Passed, result.ToString());
        Assert.True(result.Error < 1e-10, result.ToString());
        Assert.Equal(3, result.Coordinates);
    }

    [Fact]
    public void A_wrong_gradient_fails_and_says_where()
    {
        GradCheckResult result = GradCheck.Run((_, x) => x[0].Sum() + Cube(x[1], 2.9),
            [Tensor<double>.From([1, 2], [2]), Tensor<double>.From([0, 0, 5, 0.1], [4])]);
        Assert.False(result.Passed);
        Assert.Equal(1, result.Input);
        Assert.Equal(2, result.Element);
        Assert.Equal(0.1 / 3, result.Error, 1e-9);
        Assert.Equal(2.9 / 3, result.Analytic / result.Numeric, 1e-9);
        Assert.Contains("failed", result.ToString(), StringComparison.Ordinal);
        Assert.Contains("element 2 of input 1", result.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain('\n', result.ToString());
    }

    [Fact]
    public void A_gradient_that_is_not_a_number_fails() =>
        Assert.False(GradCheck.Run((_, x) => Cube(x[0], double.NaN), [Tensor<double>.From([1, 2], [2])]).Passed);

    [Fact]
    public void An_input_that_is_not_used_has_gradient_zero()
    {
        GradCheckResult result = GradCheck.Run((_, x) => x[1].Exp(), [new Tensor<double>([3]), new Tensor<double>([2])]);
        Assert.True(result.Passed, result.ToString());
        Assert.Equal(5, result.Coordinates);
    }

    [Fact]
    public void Parameters_are_checked_behind_the_inputs_and_left_as_they_were()
    {
        var scale = new Variable<double>(Tensor<double>.From([3, -2], [2]));
        GradCheckResult right = GradCheck.Run(
            (_, x) => x[0] * scale, [Tensor<double>.From([1, 2], [2])], parameters: [scale]);
        Assert.True(right.Passed, right.ToString());
        Assert.Equal(4, right.Coordinates);
        Assert.Equal([3, -2], scale.Value.Span.ToArray());
        Assert.False(scale.HasGradient);

        // The fault is in the parameter's gradient alone.
        GradCheckResult wrong = GradCheck.Run(
            (tape, x) => x[0] + Cube(tape.Constant(new Tensor<double>([2])) + scale, 2.9),
            [Tensor<double>.From([1, 2], [2])], parameters: [scale]);
        Assert.False(wrong.Passed);
        Assert.Equal(1, wrong.Input);
    }

    [Fact]
    public void Inputs_are_not_changed_and_large_ones_are_sampled()
    {
        Tensor<double> input = Tensor<double>.From([.. Enumerable.Range(0, 1000).Select(i => i / 500.0)], [1000]);
        GradCheckResult result = GradCheck.Run((_, x) => x[0].Sigmoid(), [input], new GradCheckOptions { Coordinates = 10 });
        Assert.True(result.Passed, result.ToString());
        Assert.Equal(10, result.Coordinates);
        Assert.Equal(Enumerable.Range(0, 1000).Select(i => i / 500.0), input.Span.ToArray());
    }

    [Fact]
    public void A_result_that_depends_on_no_input_is_refused() =>
        Assert.Throws<ArgumentException>(() => GradCheck.Run(
            (tape, _) => tape.Constant(new Tensor<double>([2])).Exp(), [new Tensor<double>([2])]));

    private static Variable<double> Cube(Variable<double> x, double factor)
    {
        Tape<double> tape = Tape<double>.Of(x);
        Variable<double> y = tape.Result(x.Shape, x.RequiresGradient);
        for (int i = 0; i < x.Value.Count; i++)
            y.Value.Span[i] = Math.Pow(x.Value.Span[i], 3);

        if (y.RequiresGradient)
        {
            CubeNode node = tape.Record<CubeNode>(y);
            (node.X, node.Factor) = (x, factor);
        }

        return y;
    }

    private sealed class CubeNode : Node<double>
    {
        public Variable<double> X = null!;
        public double Factor;

        protected override void Backward()
        {
            Tensor<double> target = X.GradientTarget(out bool accumulate);
            for (int i = 0; i < target.Count; i++)
            {
                double share = Output.Gradient.Span[i] * Factor * X.Value.Span[i] * X.Value.Span[i];
                target.Span[i] = accumulate ? target.Span[i] + share : share;
            }
        }
    }
}
