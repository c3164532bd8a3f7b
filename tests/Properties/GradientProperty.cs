using System.Runtime.CompilerServices;
using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;
using MiniGpt.Tensors;
using Xunit;
using Inputs = System.Collections.Generic.IReadOnlyList<MiniGpt.Autograd.Variable<double>>;
using Operator = System.Func<
    MiniGpt.Autograd.Tape<double>,
    System.Collections.Generic.IReadOnlyList<MiniGpt.Autograd.Variable<double>>,
    MiniGpt.Autograd.Variable<double>>;

namespace MiniGpt.Tests.Properties;

/// <summary>
/// What holds for everything that has a gradient, whatever its inputs' shapes: backward agrees with differences; the gradient of a
/// transposed or sliced input lands in what it is a part of; inputs that are used twice get both shares; an input that wants no gradient
/// gets none and changes no other.
/// </summary>
internal static class GradientProperty
{
    private const int Coordinates = 64; // of all inputs together

    public static void HoldsElementwise(
        Func<Variable<double>, Variable<double>> function, double low = -2, [CallerMemberName] string name = "") =>
        Holds(s => (x => function(x[0]), [Any(s, 0, s.Shape(), low)]), name);

    public static void HoldsAlongAnAxis(Func<Sizes, Variable<double>, Variable<double>> function, [CallerMemberName] string name = "") =>
        Holds(s => (x => function(s, x[0]), [Any(s, 0, s.Shape())]), name);

    public static void HoldsBroadcast(Operator function, double low = -2, [CallerMemberName] string name = "") => Holds(s =>
    {
        Shape shape = s.Shape();
        Shape part = s.Part(shape);
        return (function, s.Flag() ? [Any(s, 0, shape), Any(s, 1, part, low)] : [Any(s, 0, part), Any(s, 1, shape, low)]);
    }, name);

    public static void Holds(
        Func<Sizes, (Func<Inputs, Variable<double>> Function, Tensor<double>[] Inputs)> make, [CallerMemberName] string name = "") =>
        Holds(s =>
        {
            (Func<Inputs, Variable<double>> function, Tensor<double>[] inputs) = make(s);
            return ((_, x) => function(x), inputs);
        }, name);

    public static void Holds(Func<Sizes, (Operator Function, Tensor<double>[] Inputs)> make, [CallerMemberName] string name = "") =>
        Property.Check(s =>
        {
            (Operator function, Tensor<double>[] inputs) = make(s);
            Operator used = s.Uses == 1 ? function : (tape, x) => function(tape, x) + function(tape, x);
            AgreesWithDifferences(s, used, inputs);
            LeavesOutWhatIsNotWanted(s, used, inputs);
        }, name);

    /// <summary>Uniform numbers between <paramref name="low"/> and 2, others for each input.</summary>
    public static Tensor<double> Any(Sizes s, int input, Shape shape, double low = -2)
    {
        var tensor = new Tensor<double>(shape);
        new RandomStream((ulong)s.Seed, RandomPurpose.Sampling, example: (ulong)input).FillUniform(tensor.Span, low, 2);
        return tensor;
    }

    public static Tensor<int> Integers(Sizes s, Shape shape, int low, int bound)
    {
        var random = new Random(s.Seed);
        return Tensor<int>.From([.. Enumerable.Range(0, (int)shape.Count).Select(_ => random.Next(low, bound))], shape);
    }

    /// <summary>Contexts [A, W] and targets [A, B] among C rows for negative sampling, some of them none, but the first context of each example.</summary>
    public static (Tensor<int> Contexts, Tensor<int> Targets) NegativeExamples(Sizes s)
    {
        Tensor<int> contexts = Integers(s, [s.A, 1 + s.Choice % 3], -1, s.C), targets = Integers(s, [s.A, s.B], s.Flag() ? -1 : 0, s.C);
        for (int example = 0; example < s.A; example++)
            contexts[example, 0] = Math.Max(0, contexts[example, 0]);
        return (contexts, targets);
    }

    /// <summary>Checks with some inputs replaced by views of larger leaves: transposed ones, or slices.</summary>
    private static void AgreesWithDifferences(Sizes s, Operator function, Tensor<double>[] inputs)
    {
        var bases = new Tensor<double>[inputs.Length];
        var views = new Func<Variable<double>, Variable<double>>[inputs.Length];
        for (int i = 0; i < inputs.Length; i++)
            (bases[i], views[i]) = s.IsView(i) && inputs[i].Rank > 0 ? Hide(s, i, inputs[i]) : (inputs[i], x => x);

        var options = new GradCheckOptions { Coordinates = Math.Max(1, Coordinates / inputs.Length), Seed = (ulong)s.Seed };
        GradCheckResult result = GradCheck.Run((tape, x) => function(tape, [.. x.Select((leaf, i) => views[i](leaf))]), bases, options);
        Assert.True(result.Passed, result.ToString());
    }

    /// <summary>A leaf that contains a tensor, and how to see it again.</summary>
    private static (Tensor<double> Base, Func<Variable<double>, Variable<double>> View) Hide(Sizes s, int input, Tensor<double> tensor)
    {
        int axis = s.Choice % tensor.Rank, other = (s.Choice >> 2) % tensor.Rank, size = tensor.Shape[axis];
        if (s.Views >= 8)
        {
            Tensor<double> turned = tensor.Transpose(axis, other);
            var copy = new Tensor<double>(turned.Shape);
            MiniGpt.Tensors.Kernels.Elementwise.Copy(turned, copy);
            return (copy, x => x.Transpose(axis, other));
        }

        Tensor<double> larger = Any(s, input + 100, tensor.Shape.With(axis, size + 3));
        MiniGpt.Tensors.Kernels.Elementwise.Copy(tensor, larger.Slice(axis, 1, size));
        return (larger, x => x.Slice(axis, 1, size));
    }

    private static void LeavesOutWhatIsNotWanted(Sizes s, Operator function, Tensor<double>[] inputs)
    {
        bool[] wanted = [.. inputs.Select((_, i) => (s.Seed >> i & 1) == 1)];
        Tensor<double>? upstream = null;
        double[]?[] Gradients(Func<int, bool> isWanted)
        {
            using var tape = new Tape<double>();
            Variable<double>[] x = [.. inputs.Select((input, i) => isWanted(i) ? tape.Leaf(input) : tape.Constant(input))];
            Variable<double> y = function(tape, x);
            Assert.Equal(x.Any(input => input.RequiresGradient), y.RequiresGradient);
            if (!y.RequiresGradient)
            {
                Assert.True(tape.Nodes.IsEmpty);
                return new double[]?[x.Length];
            }

            upstream ??= Any(s, 200, y.Shape);
            tape.Backward(y, upstream.Value);
            return [.. x.Select(input => input.HasGradient ? input.Gradient.Span.ToArray() : null)];
        }

        double[]?[] all = Gradients(_ => true), some = Gradients(i => wanted[i]);
        Assert.Equal(all.Select((gradient, i) => wanted[i] ? gradient : null), some);
    }
}
