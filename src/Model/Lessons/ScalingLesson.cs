using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;

namespace MiniGpt.Model.Lessons;

/// <summary>
/// Why scores are divided by √D: the dot product of two vectors of D = 64 numbers spreads eight times as far as that of single numbers, and
/// softmax of numbers so far apart is nearly one-hot.
/// </summary>
internal static class ScalingLesson
{
    private const int HeadSize = 64;

    private static readonly double[,] s_scores =
    {
        { 0.4, -1.1, 0.9, 0.2, -0.6, 1.5, -0.3, 0.7, -1.8, 1.1, 0.0, -0.9 },
    };

    public static LessonResult Run()
    {
        using LessonBoard board = new();
        string[] keys = LessonBoard.Names("k", s_scores.GetLength(1));
        string[] factors = ["×1", "×8"];
        Variable<double> scaled = board.Matrix(s_scores), unscaled = scaled * Math.Sqrt(HeadSize);
        Variable<double> both = scaled.Concat(unscaled, 0);
        Variable<double> weights = both.Softmax();
        board.Show("scores", StageKind.Bars, factors, keys, both);
        board.Show("weights", StageKind.Bars, factors, keys, weights);

        // What reaches the scores in training: the derivative of the largest weight with respect to its own score, p(1 − p).
        double[] largest = [.. weights.Value.Span.ToArray().Chunk(keys.Length).Select(row => row.Max())];
        double[] slopes = [.. largest.Select(p => p * (1 - p))];
        board.Show("slope", StageKind.Numbers, factors, ["max p", "p(1−p)"],
            [.. largest.Zip(slopes, (p, slope) => new[] { p, slope }).SelectMany(pair => pair)]);

        board.CheckRows(weights);
        board.Check("slope", slopes.Select((slope, row) => slope - Derivative(board, row == 0 ? scaled : unscaled)), LessonBoard.Rounding);
        return board.Result;
    }

    /// <summary>The same derivative, by automatic differentiation.</summary>
    private static double Derivative(LessonBoard board, Variable<double> scores)
    {
        Variable<double> leaf = board.Tape.Leaf(scores.Value);
        Variable<double> weights = leaf.Softmax();
        int largest = weights.Value.Span.IndexOf(weights.Value.Span.ToArray().Max());
        board.Tape.Backward(weights.Slice(1, largest, 1).Reshape([1]));
        return leaf.Gradient.Span[largest];
    }
}
