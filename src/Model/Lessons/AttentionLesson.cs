using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;

namespace MiniGpt.Model.Lessons;

/// <summary>Attention in four steps: without weights, with trainable query, key and value, causal, and with two heads.</summary>
internal static class AttentionLesson
{
    private static readonly string[] s_tokens = ["Your", "journey", "starts", "with", "one", "step"];

    public static LessonResult Run()
    {
        using LessonBoard board = new();
        Variable<double> x = board.Matrix(AttentionNumbers.Inputs);
        board.Show("inputs", StageKind.Numbers, s_tokens, LessonBoard.Names("d", 3), x);
        WrittenOutAttention simple = WrittenOutAttention.Run(board, x, x, x, scale: 1);
        board.Show("scores", StageKind.Numbers, s_tokens, s_tokens, simple.Scores);
        Show(board, "", simple);

        Variable<double> q = x.MatMul(board.Matrix(AttentionNumbers.Query)), k = x.MatMul(board.Matrix(AttentionNumbers.Key));
        Variable<double> v = x.MatMul(board.Matrix(AttentionNumbers.Value));
        board.Show("query-key-value", StageKind.Numbers, s_tokens, ["q1", "q2", "k1", "k2", "v1", "v2"], q.Concat(k, 1).Concat(v, 1));
        double scale = 1 / Math.Sqrt(q.Shape[1]);
        WrittenOutAttention trainable = WrittenOutAttention.Run(board, q, k, v, scale);
        Show(board, "trainable-", trainable);
        WrittenOutAttention causal = WrittenOutAttention.Run(board, q, k, v, scale, causal: true);
        Show(board, "causal-", causal);

        WrittenOutAttention first = Head(AttentionNumbers.FirstHeadQuery, AttentionNumbers.FirstHeadKey, AttentionNumbers.FirstHeadValue);
        WrittenOutAttention second = Head(AttentionNumbers.SecondHeadQuery, AttentionNumbers.SecondHeadKey, AttentionNumbers.SecondHeadValue);
        Variable<double> both = first.Context.Concat(second.Context, 1);
        board.Show("first-head-weights", StageKind.Weights, s_tokens, s_tokens, first.Weights);
        board.Show("second-head-weights", StageKind.Weights, s_tokens, s_tokens, second.Weights);
        board.Show("heads-context", StageKind.Numbers, s_tokens, LessonBoard.Names("c", 4), both);

        board.Check("context", simple.Context, AttentionNumbers.SimpleContext, LessonBoard.FourDecimals);
        board.Check("trainable-context", trainable.Context, AttentionNumbers.TrainableContext, LessonBoard.FourDecimals);
        board.Check("causal-context", causal.Context, AttentionNumbers.CausalContext, LessonBoard.FourDecimals);
        board.Check("heads-context", both, AttentionNumbers.TwoHeadContext, LessonBoard.FourDecimals);
        board.CheckRows(causal.Weights);
        board.Check("operator", both, first.Fused.Concat(second.Fused, 1), LessonBoard.Rounding);
        return board.Result;

        WrittenOutAttention Head(double[,] query, double[,] key, double[,] value) => WrittenOutAttention.Run(
            board, x.MatMul(board.Matrix(query)), x.MatMul(board.Matrix(key)), x.MatMul(board.Matrix(value)), scale, causal: true);
    }

    private static void Show(LessonBoard board, string prefix, WrittenOutAttention attention)
    {
        board.Show($"{prefix}weights", StageKind.Weights, s_tokens, s_tokens, attention.Weights);
        board.Show($"{prefix}context", StageKind.Numbers, s_tokens, LessonBoard.Names("c", attention.Context.Shape[1]), attention.Context);
    }
}
