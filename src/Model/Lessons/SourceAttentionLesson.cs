using MiniGpt.Autograd;

namespace MiniGpt.Model.Lessons;

/// <summary>Attention over another sequence: a question collects its answer from a memory.</summary>
internal static class SourceAttentionLesson
{
    private static readonly string[] s_question = ["得意", "な", "スポーツ", "は", "?"];
    private static readonly string[] s_memory = ["野球", "が", "得意"];

    // The three numbers stand for: a sport, a grammatical word, being good at something.
    private static readonly double[,] s_queries =
    {
        { 0.30, 0.10, 2.40 },
        { 0.10, 1.60, 0.20 },
        { 2.60, 0.10, 0.40 },
        { 0.20, 1.80, 0.10 },
        { 1.90, 0.20, 0.90 },
    };

    private static readonly double[,] s_keys =
    {
        { 1.80, 0.10, 0.50 },
        { 0.10, 1.50, 0.10 },
        { 0.40, 0.10, 1.90 },
    };

    private static readonly double[,] s_values =
    {
        { 0.95, 0.02, 0.20 },
        { 0.03, 0.90, 0.05 },
        { 0.15, 0.04, 0.92 },
    };

    public static LessonResult Run()
    {
        using LessonBoard board = new();
        Variable<double> queries = board.Matrix(s_queries), keys = board.Matrix(s_keys), values = board.Matrix(s_values);
        WrittenOutAttention attention = WrittenOutAttention.Run(board, queries, keys, values, scale: 1 / Math.Sqrt(3));
        board.Show("queries", StageKind.Numbers, s_question, LessonBoard.Names("q", 3), queries);
        board.Show("keys", StageKind.Numbers, s_memory, LessonBoard.Names("k", 3), keys);
        board.Show("values", StageKind.Numbers, s_memory, LessonBoard.Names("v", 3), values);
        board.Show("scores", StageKind.Numbers, s_question, s_memory, attention.Scores);
        board.Show("weights", StageKind.Weights, s_question, s_memory, attention.Weights);
        board.Show("context", StageKind.Numbers, s_question, LessonBoard.Names("c", 3), attention.Context);

        board.CheckRows(attention.Weights);
        board.Check("by-hand", ByHand(attention.Weights, row: 2, attention.Context), LessonBoard.Rounding);
        board.Check("operator", attention.Context, attention.Fused, LessonBoard.Rounding);
        return board.Result;
    }

    /// <summary>What スポーツ collects, added up value by value.</summary>
    private static IEnumerable<double> ByHand(Variable<double> weights, int row, Variable<double> context) =>
        Enumerable.Range(0, s_values.GetLength(1)).Select(column => context.Value[row, column]
            - Enumerable.Range(0, s_memory.Length).Sum(key => weights.Value[row, key] * s_values[key, column]));
}
