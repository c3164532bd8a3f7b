using MiniGpt.Autograd;

namespace MiniGpt.Model.Lessons;

/// <summary>The causal mask: a word must not see those that come after it.</summary>
internal static class MaskLesson
{
    private static readonly string[] s_tokens = ["わたし", "は", "きょう", "本", "を", "読む"];

    private static readonly double[,] s_vectors =
    {
        { 0.80, 0.10, 0.20 },
        { 0.10, 0.05, 0.05 },
        { 0.55, 0.85, 0.20 },
        { 0.92, 0.70, 0.15 },
        { 0.12, 0.12, 0.02 },
        { 0.75, 0.88, 0.92 },
    };

    public static LessonResult Run()
    {
        using LessonBoard board = new();
        Variable<double> x = board.Matrix(s_vectors);
        double scale = 1 / Math.Sqrt(s_vectors.GetLength(1));
        WrittenOutAttention open = WrittenOutAttention.Run(board, x, x, x, scale);
        WrittenOutAttention masked = WrittenOutAttention.Run(board, x, x, x, scale, causal: true);
        board.Show("vectors", StageKind.Numbers, s_tokens, LessonBoard.Names("d", 3), x);
        board.Show("scores", StageKind.Numbers, s_tokens, s_tokens, open.Scores);
        board.Show("masked-scores", StageKind.Numbers, s_tokens, s_tokens, masked.Scores);
        board.Show("weights", StageKind.Weights, s_tokens, s_tokens, masked.Weights);
        board.Show("context", StageKind.Numbers, s_tokens, LessonBoard.Names("c", 3), masked.Context);

        board.CheckRows(masked.Weights);
        board.Check("ahead", Ahead(masked.Weights.Value.Span.ToArray(), s_tokens.Length), tolerance: 0);
        // The last word has nothing after it: the mask changes nothing for it.
        board.Check("last", open.Weights.Value.Span[^s_tokens.Length..].ToArray()
            .Zip(masked.Weights.Value.Span[^s_tokens.Length..].ToArray(), (a, b) => a - b), LessonBoard.Rounding);
        board.Check("operator", masked.Context, masked.Fused, LessonBoard.Rounding);
        return board.Result;
    }

    private static IEnumerable<double> Ahead(double[] weights, int length) =>
        weights.Where((_, index) => index % length > index / length);
}
