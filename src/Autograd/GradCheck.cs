using System.Globalization;
using MiniGpt.Tensors;

namespace MiniGpt.Autograd;

/// <summary>
/// Compares the gradients of an operator, or of anything made of operators, with differences of its values. The check runs in
/// <see cref="double"/>, through the same kernels as training.
/// </summary>
/// <remarks>
/// The numeric derivative is the five-point one, (f(x − 2h) − 8 f(x − h) + 8 f(x + h) − f(x + 2h)) / 12h, whose error falls with h⁴
/// (Abramowitz and Stegun 1964, 25.3.6). With h = 10⁻³ · max(1, |x|) truncation and rounding together stay near 10⁻¹¹ of a smooth function.
/// Inputs should be further than 2h from a kink, such as 0 for ReLU: no derivative is right there.
/// </remarks>
/// <example>
/// An operator of one's own, y = x³, and its check:
/// <code><![CDATA[
/// sealed class CubeNode : Node<double>
/// {
///     public Variable<double> X = null!;
///
///     protected override void Backward()
///     {
///         Tensor<double> target = X.GradientTarget(out bool accumulate);
///         for (int i = 0; i < target.Count; i++)
///         {
///             double share = Output.Gradient.Span[i] * 3 * X.Value.Span[i] * X.Value.Span[i];
///             target.Span[i] = accumulate ? target.Span[i] + share : share;
///         }
///     }
/// }
///
/// static Variable<double> Cube(Variable<double> x)
/// {
///     Tape<double> tape = Tape<double>.Of(x);
///     Variable<double> y = tape.Result(x.Shape, x.RequiresGradient);
///     for (int i = 0; i < x.Value.Count; i++)
///     {
///         y.Value.Span[i] = Math.Pow(x.Value.Span[i], 3);
///     }
///
///     if (y.RequiresGradient)
///     {
///         tape.Record<CubeNode>(y).X = x;
///     }
///
///     return y;
/// }
///
/// GradCheckResult result = GradCheck.Run((tape, inputs) => Cube(inputs[0]), [Tensor<double>.From([-1, 0.5, 2], [3])]);
/// Console.WriteLine(result); // passed: ...
/// ]]></code>
/// </example>
public static class GradCheck
{
    private const double RelativeStep = 1e-3;

    /// <summary>
    /// Checks the gradient of Σ upstream · function(inputs) for random upstream numbers, so that every element of the result counts.
    /// </summary>
    /// <param name="function">
    /// Computes a result of any shape from the inputs, on the tape it is given. It is called many times and must give the same values for
    /// the same inputs.
    /// </param>
    /// <param name="inputs">Where to check; contiguous, and not changed.</param>
    /// <param name="options">Tolerance, number of coordinates and seed; null for the defaults.</param>
    /// <param name="parameters">
    /// Leaves that the function reads besides its inputs, such as the parameters of a layer. They are checked too and counted behind the
    /// inputs; their values are restored, their gradients forgotten.
    /// </param>
    /// <exception cref="ArgumentException">The result depends on no input and on no parameter.</exception>
    /// <exception cref="InvalidOperationException">An input or a parameter is not contiguous.</exception>
    public static GradCheckResult Run(
        Func<Tape<double>, IReadOnlyList<Variable<double>>, Variable<double>> function,
        IReadOnlyList<Tensor<double>> inputs,
        GradCheckOptions? options = null,
        IReadOnlyList<Variable<double>>? parameters = null)
    {
        options ??= new GradCheckOptions();
        parameters ??= [];
        Tensor<double>[] values = [.. inputs.Select(input => Tensor<double>.From(input.Span, input.Shape))];
        using Tape<double> tape = new(), silentTape = new(records: false);
        Variable<double>[] leaves = [.. values.Select(tape.Leaf)];
        ClearGradients(parameters);
        Variable<double> result = function(tape, leaves);
        var upstream = new Tensor<double>(result.Shape);
        new RandomStream(options.Seed, RandomPurpose.GradientCheck).FillNormal(upstream.Span, 0, 1);
        tape.Backward(result, upstream);

        double Value()
        {
            silentTape.Reset();
            Variable<double> y = function(silentTape, [.. values.Select(silentTape.Constant)]);
            return InnerProduct(y.Value.Span, upstream.Span);
        }

        GradCheckResult worst = new() { Tolerance = options.Tolerance };
        Variable<double>[] all = [.. leaves, .. parameters];
        for (int input = 0; input < all.Length; input++)
        {
            var coordinates = new RandomStream(options.Seed, RandomPurpose.GradientCheck, step: 1, example: (ulong)input);
            worst = worst.And(CheckInput(input, all[input], Value, coordinates, options));
        }

        ClearGradients(parameters);
        return worst;
    }

    private static GradCheckResult CheckInput(
        int input, Variable<double> leaf, Func<double> value, RandomStream coordinates, GradCheckOptions options)
    {
        Tensor<double> x = leaf.Value;
        int count = (int)Math.Min(x.Count, options.Coordinates);
        double largestNumeric = 1, largestDifference = 0;
        GradCheckResult worst = new() { Tolerance = options.Tolerance, Coordinates = count };
        for (int i = 0; i < count; i++)
        {
            // One element of each of as many stretches: none twice, none of the parts left out.
            long start = x.Count * i / count, end = x.Count * (i + 1) / count;
            int element = (int)(start + coordinates.Below((ulong)i, end - start));
            double analytic = leaf.HasGradient ? leaf.Gradient.Span[element] : 0;
            double numeric = Derivative(value, ref x.Span[element]);
            double difference = Math.Abs(analytic - numeric);
            largestNumeric = Math.Max(largestNumeric, Math.Abs(numeric));
            if (i == 0 || !(difference <= largestDifference))
            {
                largestDifference = double.IsNaN(difference) ? double.PositiveInfinity : difference;
                worst = worst with { Input = input, Element = element, Analytic = analytic, Numeric = numeric };
            }
        }

        return worst with { Error = double.IsFinite(largestNumeric) ? largestDifference / largestNumeric : double.PositiveInfinity };
    }

    private static void ClearGradients(IReadOnlyList<Variable<double>> parameters)
    {
        foreach (Variable<double> parameter in parameters)
            parameter.ClearGradient();
    }

    private static double Derivative(Func<double> value, ref double x)
    {
        double center = x;
        double step = RelativeStep * Math.Max(1, Math.Abs(center));
        x = center + 2 * step;
        double farAbove = value();
        x = center + step;
        double above = value();
        x = center - step;
        double below = value();
        x = center - 2 * step;
        double farBelow = value();
        x = center;
        return (farBelow - farAbove + 8 * (above - below)) / (12 * step);
    }

    private static double InnerProduct(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++)
            sum += a[i] * b[i];

        return sum;
    }
}

/// <summary>How <see cref="GradCheck"/> checks.</summary>
public sealed record GradCheckOptions
{
    /// <summary>The largest error that passes, in units of the input's largest numeric derivative, or of 1 if that is larger.</summary>
    public double Tolerance { get; init; } = 1e-6;

    /// <summary>The most coordinates that are checked of each input; of larger inputs some are chosen at random.</summary>
    public int Coordinates { get; init; } = 64;

    /// <summary>Decides the upstream gradient and the coordinates.</summary>
    public ulong Seed { get; init; }
}

/// <summary>What <see cref="GradCheck"/> found, and where it was worst.</summary>
public sealed record GradCheckResult
{
    /// <summary>The largest error, in units of the largest numeric derivative of the input, or of 1 if that is larger.</summary>
    public double Error { get; init; }

    /// <summary>The largest error that passes.</summary>
    public double Tolerance { get; init; }

    /// <summary>Whether the error is within the tolerance.</summary>
    public bool Passed => Error <= Tolerance;

    /// <summary>How many coordinates were checked.</summary>
    public int Coordinates { get; init; }

    /// <summary>The index of the input with the largest error.</summary>
    public int Input { get; init; }

    /// <summary>The index of the element with the largest error, counted in memory order.</summary>
    public int Element { get; init; }

    /// <summary>The gradient there, by the backward pass.</summary>
    public double Analytic { get; init; }

    /// <summary>The gradient there, by differences.</summary>
    public double Numeric { get; init; }

    /// <summary>One line: the verdict, the error, and where.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{(Passed ? "passed" : "failed")}: largest error {Error:E1} of at most {Tolerance:E1} in {Coordinates} coordinates, " +
        $"at element {Element} of input {Input}: {Analytic:G10} by backward, {Numeric:G10} by differences");

    internal GradCheckResult And(GradCheckResult other) =>
        (other.Error > Error || Coordinates == 0 ? other : this) with { Coordinates = Coordinates + other.Coordinates };
}
