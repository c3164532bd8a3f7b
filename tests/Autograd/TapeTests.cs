using System.Diagnostics;
using System.Reflection;
using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;
using Xunit;

namespace MiniGpt.Tests.Autograd;

public class TapeTests
{
    [Fact]
    public void A_second_use_of_an_input_adds_to_its_gradient()
    {
        using var tape = new Tape<double>();
        Variable<double> x = tape.Leaf(Tensor<double>.From([3, -2], [2]));
        tape.Backward((x * x + x).Sum());
        Assert.Equal([7, -3], x.Gradient.Span.ToArray());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Cancelled_work_ends_before_the_next_operator_and_a_reset_tape_computes_again(bool inBackward)
    {
        using var tape = new Tape<double>();
        using var source = new CancellationTokenSource();
        tape.Cancellation = source.Token;
        var parameter = new Variable<double>(Tensor<double>.From([2], [1]));
        Variable<double> loss = Loss();
        source.Cancel();
        Assert.Throws<OperationCanceledException>(() => { if (inBackward) tape.Backward(loss); else Loss(); });
        tape.Reset();
        parameter.ClearGradient();
        tape.Cancellation = default;
        tape.Backward(Loss());
        Assert.Equal(5, parameter.Gradient.Span[0]);

        Variable<double> Loss() => (tape.Constant(Tensor<double>.From([5], [1])) * parameter).Sum();
    }

    [Fact]
    public void A_parameter_keeps_its_gradient_over_resets_until_it_is_cleared()
    {
        using var tape = new Tape<double>();
        var parameter = new Variable<double>(Tensor<double>.From([2], [1]));
        for (int step = 1; step <= 3; step++)
        {
            tape.Backward(tape.Constant(Tensor<double>.From([5], [1])) * parameter);
            Assert.Equal(5 * step, parameter.Gradient.Span[0]);
            tape.Reset();
        }

        parameter.ClearGradient();
        Assert.Throws<InvalidOperationException>(() => parameter.Gradient);
        tape.Backward(tape.Constant(Tensor<double>.From([4], [1])) * parameter);
        Assert.Equal(4, parameter.Gradient.Span[0]);
    }

    [Fact]
    public void What_wants_no_gradient_gets_none_from_any_operator()
    {
        using var tape = new Tape<double>();
        Tensor<double> Value(params int[] sizes)
        {
            var tensor = new Tensor<double>(new Shape(sizes));
            tensor.Span.Fill(0.5);
            return tensor;
        }

        void Check(Func<Variable<double>[], Variable<double>> function, params Tensor<double>[] inputs)
        {
            for (int wanted = 0; wanted < inputs.Length; wanted++)
            {
                Variable<double>[] variables = [.. inputs.Select((input, i) => i == wanted ? tape.Leaf(input) : tape.Constant(input))];
                tape.Backward(function(variables).Sum());
                Assert.All(variables, (variable, i) => Assert.Equal(i == wanted, variable.HasGradient));
                tape.Reset();
            }
        }

        Check(x => x[0] + x[1], Value(2, 3), Value(3));
        Check(x => x[0] - x[1], Value(2, 3), Value(3));
        Check(x => x[0] * x[1], Value(2, 3), Value(3));
        Check(x => x[0] / x[1], Value(2, 3), Value(3));
        Check(x => x[0].Concat(x[1], 0), Value(2, 3), Value(4, 3));
        Check(x => x[0].MatMul(x[1]), Value(2, 3), Value(3, 4));
        Check(x => x[0].Linear(x[1], x[2]), Value(2, 3), Value(4, 3), Value(4));
        Check(x => x[0].Linear<double, GeluTanhFunction<double>>(x[1], x[2]), Value(2, 3), Value(4, 3), Value(4));
        Check(x => x[0].LayerNorm(x[1], x[2], 1e-5), Value(2, 3), Value(3), Value(3));
        Check(x => x[0].RmsNorm(x[1], 1e-5), Value(2, 3), Value(3));
        Check(x => x[0].Attention(x[1], x[2], new AttentionOptions<double> { Scale = 1 }),
            Value(1, 1, 2, 3), Value(1, 1, 4, 3), Value(1, 1, 4, 2));
    }

    [Fact]
    public void A_layer_norm_adds_to_the_one_parameter_that_has_a_gradient_already()
    {
        foreach (bool biasFirst in (ReadOnlySpan<bool>)[false, true])
        {
            using var tape = new Tape<double>();
            Variable<double> x = tape.Constant(Tensor<double>.From([1, 2, 4], [1, 3]));
            Variable<double> gain = tape.Leaf(Tensor<double>.From([1, 1, 1], [3])), bias = tape.Leaf(Tensor<double>.From([0, 0, 0], [3]));
            Variable<double> norm = x.LayerNorm(gain, bias, 1e-5);
            tape.Backward((norm + (biasFirst ? bias : gain)).Sum());
            double deviation = Math.Sqrt(14.0 / 9 + 1e-5);
            double other = biasFirst ? 0 : 1;
            Assert.Equal([2 - other, 2 - other, 2 - other], bias.Gradient.Span.ToArray());
            for (int i = 0; i < 3; i++)
                Assert.Equal((x.Value.Span[i] - 7.0 / 3) / deviation + other, gain.Gradient.Span[i], 1e-12);
        }
    }

    [Fact]
    public void A_gradient_lands_through_a_chain_of_views()
    {
        using var tape = new Tape<double>();
        Variable<double> x = tape.Leaf(new Tensor<double>([2, 6]));
        Variable<double> y = x.Reshape([2, 3, 2]).Transpose(0, 1).Slice(0, 1, 2).Reshape([8]); // x[b, 2t + c], t from 1 on
        tape.Backward(y, Tensor<double>.From([1, 2, 3, 4, 5, 6, 7, 8], [8]));
        Assert.Equal([0, 0, 1, 2, 5, 6, 0, 0, 3, 4, 7, 8], x.Gradient.Span.ToArray());
    }

    [Fact]
    public void A_retained_view_keeps_the_memory_that_it_looks_at()
    {
        using var tape = new Tape<double>();
        Variable<double> x = tape.Leaf(Tensor<double>.From([1, 2, 3, 4], [4]));
        Variable<double> exponential = x.Exp();
        Variable<double> view = exponential.Reshape([2, 2]).Retain();
        tape.Backward((view * view).Sum());
        tape.Allocate<double>([4]).Span.Clear();
        tape.Allocate<double>([4]).Span.Clear();
        tape.Allocate<double>([4]).Span.Clear();
        Assert.Equal(Math.E, view.Value.Span[0], 1e-12);
        Assert.Equal(2 * Math.E, view.Gradient.Span[0], 1e-12);
    }

    [Fact]
    public void A_retained_activated_linear_map_keeps_its_own_gradient()
    {
        using var tape = new Tape<double>();
        Variable<double> x = tape.Leaf(Tensor<double>.From([0.5], [1, 1])), weight = tape.Leaf(Tensor<double>.From([1], [1, 1]));
        Variable<double> y = x.Linear<double, GeluTanhFunction<double>>(weight).Retain();
        tape.Backward(y.Scale(3).Sum());
        Assert.Equal(3, y.Gradient.Span[0]);
    }

    [Fact]
    public void Used_memory_is_refused_with_the_way_out()
    {
        using var tape = new Tape<double>();
        Variable<double> y = tape.Leaf(Tensor<double>.From([1], [1])).Exp();
        Variable<double> loss = y.Scale(2);
        tape.Backward(loss);
        Assert.Contains("Retain", Assert.Throws<InvalidOperationException>(() => y.Value).Message, StringComparison.Ordinal);
        Assert.Equal(2 * Math.E, loss.Value.Span[0], 1e-12);
        tape.Reset();
        Assert.Throws<InvalidOperationException>(() => loss.Value);
    }

    [Fact]
    public void Backward_refuses_what_it_cannot_start_from()
    {
        using var tape = new Tape<double>();
        Variable<double> x = tape.Leaf(new Tensor<double>([2]));
        Assert.Throws<ArgumentException>(() => tape.Backward(x.Exp()));
        Assert.Throws<ShapeException>(() => tape.Backward(x.Exp(), new Tensor<double>([3])));
        Assert.Throws<ArgumentException>(() => tape.Backward(tape.Constant(new Tensor<double>([1])).Exp()));
        using var silent = new Tape<double>(records: false);
        Assert.Throws<ArgumentException>(() => silent.Backward(silent.Leaf(new Tensor<double>([1])).Exp()));
        Assert.True(silent.Nodes.IsEmpty);
        Assert.Throws<ArgumentException>(() => new Variable<double>(new Tensor<double>([1])).Exp());
    }

    [Fact]
    public void Nodes_are_called_as_their_operators()
    {
        using var tape = new Tape<double>();
        Variable<double> x = tape.Leaf(new Tensor<double>([2, 3]));
        _ = (x + x).GeluTanh().MatMul(x, transposeB: true).Linear<double, SiluFunction<double>>(tape.Constant(new Tensor<double>([4, 2])));
        string[] names = [.. tape.Nodes.ToArray().Select(node => node.Name)];
        Assert.Equal(["Add", "GeluTanh", "MatMul", "ActivatedLinear [4, 2]"], names);
        Assert.InRange(tape.Capacity, 1, long.MaxValue);
        Assert.Equal("Own", new Own().Name);
    }

    [Fact]
    public void Steps_that_repeat_themselves_allocate_nothing()
    {
        Assert.SkipWhen(
            typeof(Tape<float>).Assembly.GetCustomAttribute<DebuggableAttribute>() is { IsJITOptimizerDisabled: true },
            "Code that is not optimized boxes values that optimized code does not.");
        using var tape = new Tape<float>();
        var weight = new Variable<float>(new Tensor<float>([8, 8]));
        var input = new Tensor<float>([4, 8]);
        void Step()
        {
            weight.ClearGradient();
            Variable<float> x = tape.Constant(input).Linear(weight);
            tape.Backward((x + x.GeluTanh()).Softmax().Reshape([32]).Sum(0));
            tape.Reset();
        }

        Allocations.AssertNone(() =>
        {
            for (int step = 0; step < 10; step++)
                Step();
        });
    }

    private sealed class Own : Node<double>
    {
        protected override void Backward()
        {
        }
    }
}
