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
        Assert.Equal(0, model.Parameters.GradientNorm());
        optimizer.Update(0.1);
        Assert.Equal(before, frozen.Value.Span.ToArray());
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
    public void Heads_that_nobody_asks_for_have_a_gradient_of_zero()
    {
        using Tape<double> tape = new();
        Variable<double> packed = tape.Leaf(new Tensor<double>([1, 2, 12])) * 2;
        tape.Backward(packed.Heads(1, 1, 3).WithoutGaps().Sum() + (packed.Heads(3, 1, 3).WithoutGaps() * 5).Sum() + packed.Retain().Sum());
        Assert.Equal([1, 1, 1, 2, 2, 2, 1, 1, 1, 6, 6, 6], packed.Gradient.Span[..12].ToArray());
    }

    [Fact]
    public void Muon_updates_matrices_by_steps_of_equal_size_in_every_direction_and_the_rest_by_AdamW()
    {
        Decoder<double> model = new(Qwen3.Config(new ModelSizes(7, 4, 1, 2, 8)));
        model.Initialize(1);
        Muon<double> muon = new(model.Parameters, new MuonOptions(PeakRate: 0.1, MatrixRate: 0.02, WeightDecay: 0), new AdamWOptions(0.9, 0.99, 1e-12, 0));
        Assert.Equal(["momentum", "m", "v"], muon.State.Select(state => state.Name));
        Dictionary<Parameter<double>, double[]> before = model.Parameters.All.ToDictionary(p => p, p => p.Value.Span.ToArray());
        foreach (Parameter<double> parameter in model.Parameters.All)
            new RandomStream(3, RandomPurpose.Sampling, example: (ulong)before.Keys.ToList().IndexOf(parameter)).FillNormal(parameter.Variable.GradientTarget(out _).Span, 0, 1);
        muon.Update(learningRate: 0.1);
        foreach ((Parameter<double> parameter, double[] old) in before)
        {
            double[] change = [.. old.Zip(parameter.Value.Span.ToArray(), (a, b) => a - b)];
            if (parameter.Role != ParameterRole.Matrix)
            {
                Assert.All(change, number => Assert.Equal(0.1, Math.Abs(number), 1e-6)); // the first step of Adam
                continue;
            }
            // An orthogonal matrix of rank r has the norm √r: here the rate times that, within the band of the singular values.
            int columns = parameter.Shape[1];
            double expected = 0.02 * Math.Sqrt(parameter.Parts.Sum(rows => Math.Min(rows, columns) * Math.Max(1, (double)rows / columns)));
            Assert.InRange(Math.Sqrt(change.Sum(number => number * number)) / expected, 0.7, 1.25);
        }
    }
}
