using MiniGpt.Autograd;

namespace MiniGpt.Model.Lessons;

/// <summary>Attention over another sequence: a question collects its answer from a memory.</summary>
internal static class SourceAttentionLesson
{
    // The three numbers stand for: a sport, a grammatical word, what somebody does or is good at.
    private static readonly Example s_english = new(
        ["which", "sport", "do", "you", "play", "?"],
        new[,] { { 0.20, 1.80, 0.10 }, { 2.60, 0.10, 0.40 }, { 0.10, 1.60, 0.20 }, { 0.15, 1.70, 0.15 }, { 0.30, 0.10, 2.40 }, { 1.90, 0.20, 0.90 } },
        Sport: 1,
        ["I", "play", "baseball"],
        new[,] { { 0.10, 1.50, 0.10 }, { 0.40, 0.10, 1.90 }, { 1.80, 0.10, 0.50 } },
        new[,] { { 0.03, 0.90, 0.05 }, { 0.15, 0.04, 0.92 }, { 0.95, 0.02, 0.20 } });

    private static readonly Example s_japanese = new(
        ["得意", "な", "スポーツ", "は", "?"],
        new[,] { { 0.30, 0.10, 2.40 }, { 0.10, 1.60, 0.20 }, { 2.60, 0.10, 0.40 }, { 0.20, 1.80, 0.10 }, { 1.90, 0.20, 0.90 } },
        Sport: 2,
        ["野球", "が", "得意"],
        new[,] { { 1.80, 0.10, 0.50 }, { 0.10, 1.50, 0.10 }, { 0.40, 0.10, 1.90 } },
        new[,] { { 0.95, 0.02, 0.20 }, { 0.03, 0.90, 0.05 }, { 0.15, 0.04, 0.92 } });

    public static LessonResult Run(Language language)
    {
        using LessonBoard board = new();
        Example example = language == Language.Japanese ? s_japanese : s_english;
        (string[] question, string[] memory) = (example.Question, example.Memory);
        Variable<double> queries = board.Matrix(example.Queries), keys = board.Matrix(example.Keys), values = board.Matrix(example.Values);
        WrittenOutAttention attention = WrittenOutAttention.Run(board, queries, keys, values, scale: 1 / Math.Sqrt(3));
        board.Show("queries", StageKind.Numbers, question, LessonBoard.Names("q", 3), queries);
        board.Show("keys", StageKind.Numbers, memory, LessonBoard.Names("k", 3), keys);
        board.Show("values", StageKind.Numbers, memory, LessonBoard.Names("v", 3), values);
        board.Show("scores", StageKind.Numbers, question, memory, attention.Scores);
        board.Show("weights", StageKind.Weights, question, memory, attention.Weights);
        board.Show("context", StageKind.Numbers, question, LessonBoard.Names("c", 3), attention.Context);

        board.CheckRows(attention.Weights);
        board.Check("by-hand", ByHand(example, attention), LessonBoard.Rounding);
        board.Check("operator", attention.Context, attention.Fused, LessonBoard.Rounding);
        return board.Result;
    }

    /// <summary>What the word for sport collects, added up value by value.</summary>
    private static IEnumerable<double> ByHand(Example example, WrittenOutAttention attention) =>
        Enumerable.Range(0, example.Values.GetLength(1)).Select(column => attention.Context.Value[example.Sport, column]
            - Enumerable.Range(0, example.Memory.Length).Sum(key => attention.Weights.Value[example.Sport, key] * example.Values[key, column]));

    /// <summary>A question and what it is asked of.</summary>
    /// <param name="Question">The words of the question.</param>
    /// <param name="Queries">[Q, 3]: what each of them asks for.</param>
    /// <param name="Sport">The place of the word for sport in the question.</param>
    /// <param name="Memory">The words of the memory.</param>
    /// <param name="Keys">[K, 3]: what each of them is found by.</param>
    /// <param name="Values">[K, 3]: what each of them gives.</param>
    private sealed record Example(string[] Question, double[,] Queries, int Sport, string[] Memory, double[,] Keys, double[,] Values);
}
