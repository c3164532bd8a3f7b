using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;
using MiniGpt.Tensors;

namespace MiniGpt.Model.Lessons;

/// <summary>How the layers of a deep stack are put together.</summary>
internal enum Stacking
{
    /// <summary>x ← f(x).</summary>
    Plain,

    /// <summary>x ← x + f(x).</summary>
    Residual,

    /// <summary>x ← x + f(norm(x)), as models have it today.</summary>
    NormBefore,

    /// <summary>x ← norm(x + f(x)), as the first transformer had it.</summary>
    NormAfter,
}

/// <summary>Many layers with random weights, one vector that goes through them, and the gradient that comes back.</summary>
/// <param name="Sizes">How large the vector is before the first layer and after each: the root of the mean square of its numbers.</param>
/// <param name="Gradients">The same of the gradient of the output with respect to it.</param>
/// <param name="Branches">The same of what each layer gives.</param>
/// <param name="Outcome">The output times the gradient that was sent back: a single number, of which the gradients are.</param>
/// <param name="SlopeAlongInput">By how much that number moves where the whole input grows.</param>
/// <param name="SumError">How far the output is from the input with all that the layers gave added, where nothing is normed between.</param>
internal sealed record DeepStack(double[] Sizes, double[] Gradients, double[] Branches, double Outcome, double SlopeAlongInput, double SumError)
{
    public const int Layers = 24;
    public const int Width = 32;
    public const double Epsilon = 1e-5;

    private const ulong Seed = 1;

    /// <summary>Sends a vector through.</summary>
    /// <param name="stacking">How the layers are put together.</param>
    /// <param name="gain">How large their weights are: at 1 a layer keeps the size of a vector, on average.</param>
    /// <param name="input">The vector.</param>
    public static DeepStack Run(Stacking stacking, double gain, double[] input)
    {
        using Tape<double> tape = new();
        Variable<double> ones = tape.Constant(Filled(1)), x = tape.Leaf(Tensor<double>.From(input, [1, Width]));
        List<Variable<double>> states = [x], branches = [];
        for (int layer = 0; layer < Layers; layer++)
        {
            Variable<double> branch = Branch(tape, layer, gain, stacking == Stacking.NormBefore ? x.RmsNorm(ones, Epsilon) : x);
            x = stacking == Stacking.Plain ? branch : x + branch;
            x = (stacking == Stacking.NormAfter ? x.RmsNorm(ones, Epsilon) : x).Retain();
            branches.Add(branch);
            states.Add(x);
        }
        double[] sum = [.. input];
        foreach (Variable<double> branch in branches)
        {
            for (int i = 0; i < Width; i++)
                sum[i] += branch.Value.Span[i];
        }
        double[] output = [.. x.Value.Span];
        double sumError = output.Zip(sum, (a, b) => Math.Abs(a - b)).Max() / output.Max(Math.Abs);
        // Read before the backward pass, which uses the memory of values again.
        double[] sizes = [.. states.Select(state => SizeOf(state.Value.Span))], branchSizes = [.. branches.Select(branch => SizeOf(branch.Value.Span))];
        Tensor<double> upstream = Drawn(tape, Layers, standardDeviation: 1, [1, Width]);
        tape.Backward(x, upstream);
        return new DeepStack(
            sizes, [.. states.Select(state => SizeOf(state.Gradient.Span))], branchSizes,
            Product(output, upstream.Span), Product(input, states[0].Gradient.Span), sumError);
    }

    /// <summary>The root of the mean square.</summary>
    public static double SizeOf(ReadOnlySpan<double> numbers)
    {
        double sum = 0;
        foreach (double number in numbers)
            sum += number * number;
        return Math.Sqrt(sum / numbers.Length);
    }

    private static double Product(double[] a, ReadOnlySpan<double> b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++)
            sum += a[i] * b[i];
        return sum;
    }

    /// <summary>tanh(x·W): one matrix and a bend, which stand for attention or feed-forward layers.</summary>
    private static Variable<double> Branch(Tape<double> tape, int layer, double gain, Variable<double> x) =>
        x.MatMul(tape.Constant(Drawn(tape, layer, gain / Math.Sqrt(Width), [Width, Width]))).Tanh();

    private static Tensor<double> Drawn(Tape<double> tape, int number, double standardDeviation, Shape shape)
    {
        Tensor<double> values = tape.Allocate<double>(shape);
        new RandomStream(Seed, RandomPurpose.Initialisation, (ulong)number).FillNormal(values.Span, 0, standardDeviation);
        return values;
    }

    private static Tensor<double> Filled(double value)
    {
        Tensor<double> values = new([Width]);
        values.Span.Fill(value);
        return values;
    }
}
