using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;

namespace MiniGpt.Model.Lessons;

/// <summary>Attention in four steps: without weights, with trainable query, key and value, causal, and with two heads.</summary>
internal static class AttentionLesson
{
    // The book's sentence, and the Japanese proverb that says the same in as many tokens; the numbers are the book's in both.
    private static readonly string[] s_english = ["Your", "journey", "starts", "with", "one", "step"];
    private static readonly string[] s_japanese = ["千里", "の", "道", "も", "一歩", "から"];

    public static LessonResult Run(Language language)
    {
        using LessonBoard board = new();
        string[] tokens = language == Language.Japanese ? s_japanese : s_english;
        Variable<double> x = board.Matrix(AttentionNumbers.Inputs);
        board.Show("inputs", StageKind.Numbers, tokens, LessonBoard.Names("d", 3), x);
        WrittenOutAttention simple = WrittenOutAttention.Run(board, x, x, x, scale: 1);
        board.Show("scores", StageKind.Numbers, tokens, tokens, simple.Scores);
        Show("", simple);

        Variable<double> q = x.MatMul(board.Matrix(AttentionNumbers.Query)), k = x.MatMul(board.Matrix(AttentionNumbers.Key));
        Variable<double> v = x.MatMul(board.Matrix(AttentionNumbers.Value));
        board.Show("query-key-value", StageKind.Numbers, tokens, ["q1", "q2", "k1", "k2", "v1", "v2"], q.Concat(k, 1).Concat(v, 1));
        double scale = 1 / Math.Sqrt(q.Shape[1]);
        WrittenOutAttention trainable = WrittenOutAttention.Run(board, q, k, v, scale);
        Show("trainable-", trainable);
        WrittenOutAttention causal = WrittenOutAttention.Run(board, q, k, v, scale, causal: true);
        Show("causal-", causal);

        WrittenOutAttention first = Head(AttentionNumbers.FirstHeadQuery, AttentionNumbers.FirstHeadKey, AttentionNumbers.FirstHeadValue);
        WrittenOutAttention second = Head(AttentionNumbers.SecondHeadQuery, AttentionNumbers.SecondHeadKey, AttentionNumbers.SecondHeadValue);
        Variable<double> both = first.Context.Concat(second.Context, 1);
        board.Show("first-head-weights", StageKind.Weights, tokens, tokens, first.Weights);
        board.Show("second-head-weights", StageKind.Weights, tokens, tokens, second.Weights);
        board.Show("heads-context", StageKind.Numbers, tokens, LessonBoard.Names("c", 4), both);

        board.Check("context", simple.Context, AttentionNumbers.SimpleContext, LessonBoard.FourDecimals);
        board.Check("trainable-context", trainable.Context, AttentionNumbers.TrainableContext, LessonBoard.FourDecimals);
        board.Check("causal-context", causal.Context, AttentionNumbers.CausalContext, LessonBoard.FourDecimals);
        board.Check("heads-context", both, AttentionNumbers.TwoHeadContext, LessonBoard.FourDecimals);
        board.CheckRows(causal.Weights);
        board.Check("operator", both, first.Fused.Concat(second.Fused, 1), LessonBoard.Rounding);
        return board.Result;

        void Show(string prefix, WrittenOutAttention attention)
        {
            board.Show($"{prefix}weights", StageKind.Weights, tokens, tokens, attention.Weights);
            board.Show($"{prefix}context", StageKind.Numbers, tokens, LessonBoard.Names("c", attention.Context.Shape[1]), attention.Context);
        }

        WrittenOutAttention Head(double[,] query, double[,] key, double[,] value) => WrittenOutAttention.Run(
            board, x.MatMul(board.Matrix(query)), x.MatMul(board.Matrix(key)), x.MatMul(board.Matrix(value)), scale, causal: true);
    }
}
