using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;

namespace MiniGpt.Model.Lessons;

/// <summary>Words as points of a plane: those that go together point the same way, and so find each other.</summary>
internal static class EmbeddingLesson
{
    // The Japanese sentence, and the English one with the vectors of its words: its articles have those of the particles.
    private static readonly Sentence s_japanese = new(
        ["ねこ", "は", "ひるね", "が", "すき"],
        new[,] { { 0.90, 0.15 }, { 0.10, 0.05 }, { 0.95, 0.85 }, { 0.12, 0.10 }, { 0.88, 0.70 } },
        Liking: 4,
        new[,] { { 0.2027, 0.1172, 0.2956, 0.1217, 0.2628 } });

    private static readonly Sentence s_english = new(
        ["the", "cat", "likes", "a", "nap"],
        new[,] { { 0.10, 0.05 }, { 0.90, 0.15 }, { 0.88, 0.70 }, { 0.12, 0.10 }, { 0.95, 0.85 } },
        Liking: 2,
        new[,] { { 0.1172, 0.2027, 0.2628, 0.1217, 0.2956 } });

    public static LessonResult Run(Language language)
    {
        using LessonBoard board = new();
        Sentence sentence = language == Language.Japanese ? s_japanese : s_english;
        string[] words = sentence.Words;
        Variable<double> x = board.Matrix(sentence.Vectors);
        WrittenOutAttention attention = WrittenOutAttention.Run(board, x, x, x, scale: 1 / Math.Sqrt(2));
        Variable<double> looks = attention.Weights.Slice(0, sentence.Liking, 1);
        board.Show("vectors", StageKind.Points, words, ["x", "y"], x);
        board.Show("scores", StageKind.Numbers, words, words, attention.Scores);
        board.Show("weights", StageKind.Weights, words, words, attention.Weights);
        board.Show("looks", StageKind.Bars, [words[sentence.Liking]], words, looks);
        board.Show("context", StageKind.Points, words, ["x", "y"], attention.Context);

        board.Check("looks", looks, sentence.Looks, LessonBoard.FourDecimals);
        board.CheckRows(attention.Weights);
        board.Check("operator", attention.Context, attention.Fused, LessonBoard.Rounding);
        return board.Result;
    }

    /// <summary>A sentence.</summary>
    /// <param name="Words">Its words.</param>
    /// <param name="Vectors">[T, 2]: where each word lies.</param>
    /// <param name="Liking">The place of the word for liking.</param>
    /// <param name="Looks">[1, T]: how that word divides its attention, to four decimals.</param>
    private sealed record Sentence(string[] Words, double[,] Vectors, int Liking, double[,] Looks);
}
