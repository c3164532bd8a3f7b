using MiniGpt.Model.Architectures;
using MiniGpt.Model.Layers;
using MiniGpt.Model.Optimization;
using MiniGpt.Tensors;
using MiniGpt.Tests.Tensors;
using Xunit;

namespace MiniGpt.Tests.Model.Optimization;

public sealed class MuonTests
{
    private const double GradientScale = 0.5;

    private static readonly MuonOptions s_options = new(PeakRate: 0.1, MatrixRate: 0.02, WeightDecay: 0.3);
    private static readonly AdamWOptions s_others = new(Beta1: 0.9, Beta2: 0.99, Epsilon: 1e-8, WeightDecay: 0.2);

    // Of the peak, half, all and a quarter: a schedule that rises and falls.
    private static readonly double[] s_rates = [0.05, 0.1, 0.025];

    /// <summary>Every part of every matrix has an update of its own, that knows nothing of the others, and a twin of the model an AdamW.</summary>
    [Fact]
    public void Matrices_are_updated_part_by_part_and_the_rest_by_AdamW()
    {
        Decoder<double> model = Model(), twin = Model();
        Muon<double> muon = new(model.Parameters, s_options, s_others);
        AdamW<double> adamW = new(twin.Parameters, s_others);
        List<Part> parts = [.. model.Parameters.All.Where(IsMatrix).SelectMany(PartsOf)];
        Assert.Equal(7, parts.Count); // queries, keys and values, the output, the two halves of the gate, and back down
        for (int step = 1; step <= s_rates.Length; step++)
        {
            FillGradients(model, step);
            FillGradients(twin, step);
            foreach (Part part in parts)
                part.Update(s_options.MatrixRate * s_rates[step - 1] / s_options.PeakRate, momentum: 0.85 + Math.Min(1, step / 300.0) * 0.10);
            muon.Update(s_rates[step - 1], GradientScale);
            adamW.Update(s_rates[step - 1], GradientScale);
            foreach (Part part in parts)
                AssertSame(part.Parameter.Name, part.Value, part.RowsOf(part.Parameter.Value));
            foreach ((Parameter<double> expected, Parameter<double> found) in PairsOf(twin, model).Where(pair => !IsMatrix(pair.Found)))
                AssertSame(found.Name, expected.Value, found.Value);
        }
    }

    [Fact]
    public void Momentum_rises_no_further_after_300_steps()
    {
        Decoder<double> model = Model();
        Muon<double> muon = new(model.Parameters, s_options, s_others) { Step = 999 };
        Part part = PartsOf(model.Parameters.All.First(IsMatrix)).First();
        FillGradients(model, 1);
        part.Update(s_options.MatrixRate, momentum: 0.95);
        muon.Update(s_options.PeakRate, GradientScale);
        AssertSame("value", part.Value, part.RowsOf(part.Parameter.Value));
    }

    [Fact]
    public void What_it_keeps_is_the_momentum_of_matrices_and_the_moments_of_the_rest()
    {
        Decoder<double> model = Model();
        Muon<double> muon = new(model.Parameters, s_options, s_others);
        Assert.Equal(["momentum", "m", "v"], muon.State.Select(state => state.Name));
        Assert.Equal(model.Parameters.Trained.Where(IsMatrix), muon.State[0].Parts.Select(part => part.Parameter));
        Assert.All(muon.State.Skip(1), state =>
            Assert.Equal(model.Parameters.Trained.Where(parameter => !IsMatrix(parameter)), state.Parts.Select(part => part.Parameter)));
    }

    private static bool IsMatrix(Parameter<double> parameter) => parameter.Role == ParameterRole.Matrix;

    // Fewer key heads than heads, so that the parts of one matrix differ in size.
    private static Decoder<double> Model()
    {
        Decoder<double> model = new(Qwen2.Config(new ModelSizes(7, 4, 1, 2, 8) { KeyHeads = 1 }) with { Head = HeadKind.Own });
        model.Initialize(1);
        return model;
    }

    private static IEnumerable<(Parameter<double> Expected, Parameter<double> Found)> PairsOf(Decoder<double> expected, Decoder<double> found)
    {
        Assert.Equal(expected.Parameters.All.Count, found.Parameters.All.Count);
        return expected.Parameters.All.Zip(found.Parameters.All);
    }

    private static void FillGradients(Decoder<double> model, int step)
    {
        for (int i = 0; i < model.Parameters.All.Count; i++)
            GradientOf(model.Parameters.All[i].Shape, i, step).Span.CopyTo(model.Parameters.All[i].Variable.GradientTarget(out _).Span);
    }

    private static Tensor<double> GradientOf(Shape shape, int parameter, int step) => Samples.Random<double>(shape, seed: 100 * step + parameter);

    private static void AssertSame(string name, Tensor<double> expected, Tensor<double> found)
    {
        Assert.Equal(expected.Shape, found.Shape);
        for (int i = 0; i < expected.Count; i++)
            Assert.True(Math.Abs(expected.Span[i] - found.Span[i]) <= 1e-13, $"{name}, number {i}: {found.Span[i]:R} instead of {expected.Span[i]:R}");
    }

    private static IEnumerable<Part> PartsOf(Parameter<double> parameter)
    {
        int first = 0;
        foreach (int rows in parameter.Parts)
        {
            yield return new Part(parameter, first, rows);
            first += rows;
        }
    }

    /// <summary>Some rows of a parameter, copied, with an update for them alone.</summary>
    private sealed class Part
    {
        private readonly int _first;
        private readonly int _rows;
        private readonly Tensor<double> _gradient;
        private readonly MuonUpdate<double> _update = new(MuonPolynomials.FourSteps);

        public Part(Parameter<double> parameter, int first, int rows)
        {
            (Parameter, _first, _rows) = (parameter, first, rows);
            Value = Samples.Copy(RowsOf(parameter.Value));
            _gradient = new Tensor<double>(Value.Shape);
            _update.Add(Value, _gradient, new Tensor<double>(Value.Shape));
        }

        public Parameter<double> Parameter { get; }

        public Tensor<double> Value { get; }

        public Tensor<double> RowsOf(Tensor<double> parameter) => parameter.Slice(0, _first, _rows);

        public void Update(double rate, double momentum)
        {
            RowsOf(Parameter.Variable.Gradient).Span.CopyTo(_gradient.Span);
            _update.Apply(rate, momentum, s_options.WeightDecay, GradientScale);
        }
    }
}
