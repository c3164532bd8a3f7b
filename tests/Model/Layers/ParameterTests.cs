using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Layers;
using MiniGpt.Model.Optimization;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;
using Xunit;

namespace MiniGpt.Tests.Model.Layers;

public class ParameterTests
{
    [Fact]
    public void Layers_are_composed_from_outside_and_get_their_memory_at_the_first_number()
    {
        ParameterSet<double> parameters = new();
        Linear<double> first = new(parameters, "first", 3, 4, Initialization.Normal(1)), second = new(parameters, "second", 4, 2, Initialization.Normal(1));
        Norm<double> norm = new(parameters, "norm", 4, new NormConfig { HasBias = false });
        Assert.Equal((3 * 4 + 4) + (4 * 2 + 2) + 4, parameters.TrainedCount);
        Assert.Null(norm.Bias);
        parameters.Initialize(1);
        using Tape<double> tape = new();
        Variable<double> y = second.Forward(norm.Forward(first.Forward(tape.Leaf(new Tensor<double>([1, 3])), Activation.Silu)));
        Assert.Equal([1, 2], y.Shape);
        Assert.Throws<InvalidOperationException>(() => parameters.Add("late", [1], Initialization.Zeros, ParameterRole.Vector));
        Assert.Throws<InvalidOperationException>(() => first.Weight.IsTrained = false);
        first.Weight.IsTrained = true; // as it was
    }

    [Fact]
    public void Parts_must_be_all_rows() => Assert.Throws<ArgumentException>(() =>
        new ParameterSet<float>().Add("a", [5, 2], Initialization.Zeros, ParameterRole.Matrix, 2, 2));

    [Fact]
    public void A_name_is_given_once()
    {
        ParameterSet<float> parameters = new();
        parameters.Add("a", [2], Initialization.Zeros, ParameterRole.Vector);
        Assert.Equal("there are two parameters called a",
            Assert.Throws<ArgumentException>(() => parameters.Add("a", [3], Initialization.Zeros, ParameterRole.Vector)).Message);
    }

    [Fact]
    public void What_is_not_trained_has_no_gradient_and_no_state_and_stays()
    {
        Decoder<double> model = new(Gpt2.Config(5, 4, 1, 1, 4));
        Parameter<double> frozen = model.Stack.Blocks[0].FeedForward.Up.Weight;
        frozen.IsTrained = false;
        model.Initialize(1);
        double[] before = frozen.Value.Span.ToArray();
        AdamW<double> optimizer = new(model.Parameters, new AdamWOptions(0.9, 0.99, 1e-8, 0.1));
        Assert.All(optimizer.State, state => Assert.Equal(model.Parameters.Trained, state.Parts.Select(part => part.Parameter)));
        Assert.DoesNotContain(frozen, model.Parameters.Trained);
        using Tape<double> tape = new();
        tape.Backward(model.Loss(tape, Tensor<int>.From([1, 2, 3], [1, 3]), Tensor<int>.From([2, 3, 4], [1, 3])));
        Assert.All(model.Parameters.All, parameter => Assert.Equal(parameter != frozen, parameter.Variable.HasGradient));
        Assert.InRange(model.Parameters.GradientNorm(), 1e-3, 1e3);
        double[] trained = model.Head.Value.Span.ToArray();
        optimizer.Update(0.1);
        Assert.Equal(before, frozen.Value.Span.ToArray());
        Assert.NotEqual(trained, model.Head.Value.Span.ToArray());
        Assert.Null(model.Parameters.LastNotFinite(model.Parameters.Gradients));
        model.Stack.FinalNorm!.Gain.Value.Span[0] = double.NaN;
        Assert.Equal("norm.weight", model.Parameters.LastNotFinite(model.Parameters.Values)?.Name);
    }

    [Fact]
    public void A_model_that_is_only_read_has_no_flat_buffer_and_no_gradient()
    {
        Decoder<float> model = new(Qwen3.Config(new ModelSizes(5, 4, 1, 2, 8)));
        model.Initialize(1);
        Decoder<float> reading = model.ForReading();
        Parameter<float> matrix = reading.Stack.Blocks[0].Attention.Output.Weight;
        Assert.NotNull(matrix.Packed);
        Assert.Throws<InvalidOperationException>(() => matrix.Variable);
        Assert.Throws<InvalidOperationException>(() => reading.Parameters.Values);
        using Tape<float> tape = new();
        Assert.Throws<InvalidOperationException>(() => reading.Stack.Blocks[0].Attention.Output.Forward(tape.Leaf(new Tensor<float>([1, 8]))));
        Assert.Throws<InvalidOperationException>(() => reading.Tokens.Forward(tape, new Tensor<int>([1])));
        using Tape<float> quiet = new(records: false);
        Assert.Throws<ShapeException>(() => reading.Stack.Blocks[0].Attention.Output.Forward(quiet.Constant(new Tensor<float>([1, 7]))));
        Assert.Throws<ArgumentException>(() => matrix.Hold(new PanelMatrix<float>(new Tensor<float>([2, 2]))));
        Assert.Throws<ArgumentException>(() => matrix.Hold(new Tensor<float>([2, 2])));
    }

    [Fact]
    public void Heads_that_are_not_there_or_overlap_are_refused_and_the_same_ones_are_the_same_variable()
    {
        using Tape<double> tape = new();
        Variable<double> packed = tape.Leaf(new Tensor<double>([1, 2, 12]));
        Variable<double> part = packed.Heads(1, 2, 3);
        Assert.Equal([1, 2, 2, 3], part.Shape);
        Assert.Same(part, packed.Heads(1, 2, 3));
        Assert.Throws<ArgumentException>(() => packed.Heads(2, 2, 3));
        Assert.Throws<ArgumentException>(() => packed.Heads(0, 1, 4));
        Assert.Throws<ArgumentException>(() => packed.Heads(3, 2, 3));
        Assert.Throws<ArgumentException>(() => packed.Heads(0, 1, 5));
        Assert.Throws<ArgumentException>(() => new Variable<double>(new Tensor<double>([1, 2, 12])).Heads(0, 1, 3));
    }

    [Fact]
    public void A_gradient_that_is_forgotten_is_forgotten_in_all_heads()
    {
        using Tape<double> tape = new();
        Variable<double> packed = tape.Leaf(new Tensor<double>([1, 1, 6])), part = packed.Heads(1, 1, 2);
        Elementwise.Fill(part.GradientTarget(out bool first), 5);
        Assert.Equal([0, 0, 5, 5, 0, 0], packed.Gradient.Span.ToArray());
        packed.ClearGradient();
        Assert.Equal((false, false), (packed.HasGradient, part.HasGradient));
        Elementwise.Fill(packed.Heads(2, 1, 2).GradientTarget(out bool other), 7);
        Assert.Equal([0, 0, 0, 0, 7, 7], packed.Gradient.Span.ToArray());
        packed.ClearGradient();
        Elementwise.Fill(part.GradientTarget(out bool again), 3);
        Assert.Equal([0, 0, 3, 3, 0, 0], packed.Gradient.Span.ToArray());
        Assert.Equal((false, false, false), (first, other, again)); // nothing was there to add to
    }

    [Fact]
    public void Heads_that_nobody_asks_for_have_a_gradient_of_zero()
    {
        using Tape<double> tape = new();
        Variable<double> packed = tape.Leaf(new Tensor<double>([1, 2, 12])) * 2;
        tape.Backward(packed.Heads(1, 1, 3).WithoutGaps().Sum() + (packed.Heads(3, 1, 3).WithoutGaps() * 5).Sum() + packed.Retain().Sum());
        Assert.Equal([1, 1, 1, 2, 2, 2, 1, 1, 1, 6, 6, 6], packed.Gradient.Span[..12].ToArray());
    }
}
