using System.Globalization;
using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;
using MiniGpt.Tensors;

namespace MiniGpt.Model.Lessons;

/// <summary>What a norm does to a vector, and why deep models add what a layer computes instead of replacing what was there.</summary>
internal static class NormsAndResidualsLesson
{
    private const double Nudge = 1e-5;

    private static readonly double[] s_vector = [3, -1, 0.5, 2, -2.5, 1, 0, 4];
    private static readonly double[] s_factors = [0.1, 0.5, 1, 1.5, 2];
    private static readonly double[] s_gains = [0.5, 0.8, 1, 1.2, 1.5, 2];
    private static readonly string[] s_stackings = ["plain", "residual", "before", "after"];

    public static LessonResult Run()
    {
        using LessonBoard board = new();
        ShowNorms(board);
        ShowStacks(board);
        return board.Result;
    }

    private static void ShowNorms(LessonBoard board)
    {
        string[] rows = ["vector", "layer-norm", "rms-norm"], places = LessonBoard.Names("x", s_vector.Length);
        List<double> shown = [], differences = [];
        foreach (double factor in s_factors)
        {
            double[] vector = [.. s_vector.Select(number => number * factor)];
            Variable<double> x = board.Matrix(Row(vector)), ones = board.Tape.Constant(Tensor<double>.From([.. vector.Select(_ => 1.0)], [vector.Length]));
            double[] layer = [.. x.LayerNorm(ones, null, DeepStack.Epsilon).Value.Span], rms = [.. x.RmsNorm(ones, DeepStack.Epsilon).Value.Span];
            shown.AddRange([.. vector, .. layer, .. rms]);
            double mean = vector.Average(), variance = vector.Average(number => (number - mean) * (number - mean)), square = vector.Average(number => number * number);
            differences.AddRange(layer.Zip(vector, (normed, number) => normed - (number - mean) / Math.Sqrt(variance + DeepStack.Epsilon)));
            differences.AddRange(rms.Zip(vector, (normed, number) => normed - number / Math.Sqrt(square + DeepStack.Epsilon)));
        }
        board.Show("norms", StageKind.Bars, rows, places, [.. shown], Slider("factor", s_factors, start: 2));
        board.Show("measures", StageKind.Table, rows, ["mean", "size"], [.. s_factors.SelectMany((_, frame) => Enumerable.Range(0, rows.Length).SelectMany(row =>
        {
            double[] numbers = [.. shown.Skip((frame * rows.Length + row) * s_vector.Length).Take(s_vector.Length)];
            return (double[])[numbers.Average(), DeepStack.SizeOf(numbers)];
        }))], Slider("factor", s_factors, start: 2));
        board.Check("loops", differences, LessonBoard.Rounding);
    }

    private static void ShowStacks(LessonBoard board)
    {
        double[] input = new double[DeepStack.Width];
        new RandomStream(2, RandomPurpose.Initialisation).FillNormal<double>(input, 0, 1);
        string[] layers = [.. Enumerable.Range(0, DeepStack.Layers + 1).Select(layer => layer.ToString(CultureInfo.InvariantCulture))];
        DeepStack[][] stacks = [.. s_gains.Select(gain => Enum.GetValues<Stacking>().Select(stacking => DeepStack.Run(stacking, gain, input)).ToArray())];
        LessonSlider slider = Slider("gain", s_gains, start: 1);
        board.Show("sizes", StageKind.Lines, layers, s_stackings, Along(stacks, stack => stack.Sizes), slider);
        board.Show("gradients", StageKind.Lines, layers, s_stackings, Along(stacks, stack => stack.Gradients), slider);
        DeepStack today = stacks[2][(int)Stacking.NormBefore];
        board.Show("stream", StageKind.Lines, layers[1..], ["stream", "branch"],
            [.. today.Sizes.Skip(1).Zip(today.Branches, (stream, branch) => (double[])[stream, branch]).SelectMany(pair => pair)]);

        board.Check("sum", stacks.SelectMany(row => (double[])[row[(int)Stacking.Residual].SumError, row[(int)Stacking.NormBefore].SumError]), LessonBoard.Rounding);
        DeepStack[] small = stacks[1];
        board.Check("vanishes", [Math.Max(0, small[(int)Stacking.Plain].Gradients[0] - 0.01)], tolerance: 0);
        board.Check("arrives", [Math.Max(0, 0.5 - small[(int)Stacking.NormBefore].Gradients[0])], tolerance: 0);
        board.Check("nudged", [today.SlopeAlongInput - SlopeByTrying(input)], tolerance: 1e-6);
    }

    /// <summary>The numbers of all stacks layer by layer, as powers of ten.</summary>
    private static double[] Along(DeepStack[][] stacks, Func<DeepStack, double[]> of) =>
        [.. stacks.SelectMany(row => Enumerable.Range(0, DeepStack.Layers + 1).SelectMany(layer => row.Select(stack => Math.Log10(of(stack)[layer]))))];

    /// <summary>By how much the outcome moves where the whole input grows, by trying.</summary>
    private static double SlopeByTrying(double[] input) => (OutcomeOf(input, 1 + Nudge) - OutcomeOf(input, 1 - Nudge)) / (2 * Nudge);

    private static double OutcomeOf(double[] input, double factor) =>
        DeepStack.Run(Stacking.NormBefore, gain: 1, [.. input.Select(number => number * factor)]).Outcome;

    private static LessonSlider Slider(string key, double[] stops, int start) =>
        new(key, [.. stops.Select(stop => stop.ToString(CultureInfo.InvariantCulture))], start);

    private static double[,] Row(double[] numbers)
    {
        double[,] row = new double[1, numbers.Length];
        for (int i = 0; i < numbers.Length; i++)
            row[0, i] = numbers[i];
        return row;
    }
}
