using MiniGpt.Autograd;

namespace MiniGpt.Model.Lessons;

/// <summary>The causal mask: a word must not see those that come after it.</summary>
internal static class MaskLesson
{
    // One sentence in two languages: a word and its translation have one vector, but stand at other places.
    private static readonly string[] s_english = ["I", "am", "reading", "a", "book", "today"];

    private static readonly double[,] s_englishVectors =
    {
        { 0.80, 0.10, 0.20 },
        { 0.10, 0.05, 0.05 },
        { 0.75, 0.88, 0.92 },
        { 0.12, 0.12, 0.02 },
        { 0.92, 0.70, 0.15 },
        { 0.55, 0.85, 0.20 },
    };

    private static readonly string[] s_japanese = ["わたし", "は", "きょう", "本", "を", "読む"];

    private static readonly double[,] s_japaneseVectors =
    {
        { 0.80, 0.10, 0.20 },
        { 0.10, 0.05, 0.05 },
        { 0.55, 0.85, 0.20 },
        { 0.92, 0.70, 0.15 },
        { 0.12, 0.12, 0.02 },
        { 0.75, 0.88, 0.92 },
    };

    public static LessonResult Run(Language language)
    {
        using LessonBoard board = new();
        (string[] words, double[,] vectors) = language == Language.Japanese ? (s_japanese, s_japaneseVectors) : (s_english, s_englishVectors);
        Variable<double> x = board.Matrix(vectors);
        double scale = 1 / Math.Sqrt(vectors.GetLength(1));
        WrittenOutAttention open = WrittenOutAttention.Run(board, x, x, x, scale);
        WrittenOutAttention masked = WrittenOutAttention.Run(board, x, x, x, scale, causal: true);
        board.Show("vectors", StageKind.Numbers, words, LessonBoard.Names("d", 3), x);
        board.Show("scores", StageKind.Numbers, words, words, open.Scores);
        board.Show("masked-scores", StageKind.Numbers, words, words, masked.Scores);
        board.Show("weights", StageKind.Weights, words, words, masked.Weights);
        board.Show("context", StageKind.Numbers, words, LessonBoard.Names("c", 3), masked.Context);

        board.CheckRows(masked.Weights);
        board.Check("ahead", Ahead(masked.Weights.Value.Span.ToArray(), words.Length), tolerance: 0);
        // The last word has nothing after it: the mask changes nothing for it.
        board.Check("last", open.Weights.Value.Span[^words.Length..].ToArray()
            .Zip(masked.Weights.Value.Span[^words.Length..].ToArray(), (a, b) => a - b), LessonBoard.Rounding);
        board.Check("operator", masked.Context, masked.Fused, LessonBoard.Rounding);
        return board.Result;
    }

    private static IEnumerable<double> Ahead(double[] weights, int length) =>
        weights.Where((_, index) => index % length > index / length);
}
