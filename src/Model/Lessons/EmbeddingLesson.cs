using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;

namespace MiniGpt.Model.Lessons;

/// <summary>Words as points of a plane: those that go together point the same way, and so find each other.</summary>
internal static class EmbeddingLesson
{
    private static readonly string[] s_tokens = ["ねこ", "は", "ひるね", "が", "すき"];

    private static readonly double[,] s_vectors =
    {
        { 0.90, 0.15 },
        { 0.10, 0.05 },
        { 0.95, 0.85 },
        { 0.12, 0.10 },
        { 0.88, 0.70 },
    };

    private static readonly double[,] s_looks = { { 0.2027, 0.1172, 0.2956, 0.1217, 0.2628 } };

    public static LessonResult Run()
    {
        using LessonBoard board = new();
        Variable<double> x = board.Matrix(s_vectors);
        WrittenOutAttention attention = WrittenOutAttention.Run(board, x, x, x, scale: 1 / Math.Sqrt(2));
        Variable<double> looks = attention.Weights.Slice(0, s_tokens.Length - 1, 1);
        board.Show("vectors", StageKind.Points, s_tokens, ["x", "y"], x);
        board.Show("scores", StageKind.Numbers, s_tokens, s_tokens, attention.Scores);
        board.Show("weights", StageKind.Weights, s_tokens, s_tokens, attention.Weights);
        board.Show("looks", StageKind.Bars, [s_tokens[^1]], s_tokens, looks);
        board.Show("context", StageKind.Points, s_tokens, ["x", "y"], attention.Context);

        board.Check("looks", looks, s_looks, LessonBoard.FourDecimals);
        board.CheckRows(attention.Weights);
        board.Check("operator", attention.Context, attention.Fused, LessonBoard.Rounding);
        return board.Result;
    }
}
