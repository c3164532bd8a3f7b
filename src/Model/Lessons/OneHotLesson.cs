using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;
using MiniGpt.Tensors;

namespace MiniGpt.Model.Lessons;

/// <summary>A token as a vector with a single one, and why a table lookup is a matrix product with it.</summary>
internal static class OneHotLesson
{
    private static readonly string[] s_english = ["a", "plum", "is", "like", "a", "peach"];
    private static readonly string[] s_japanese = ["すもも", "も", "もも", "も", "もも", "の", "うち"];

    // Their different tokens in the order of the rows below: the fruits first and third, so that they lie close together in either language.
    private static readonly string[] s_englishVocabulary = ["plum", "a", "peach", "is", "like"];
    private static readonly string[] s_japaneseVocabulary = ["すもも", "も", "もも", "の", "うち"];

    private static readonly double[,] s_table =
    {
        { 0.82, 0.31, -0.44 },
        { -0.15, 0.08, 0.96 },
        { 0.91, 0.22, -0.38 },
        { -0.27, -0.11, 0.73 },
        { 0.05, -0.86, 0.19 },
    };

    public static LessonResult Run(Language language)
    {
        using LessonBoard board = new();
        (string[] tokens, string[] vocabulary) = language == Language.Japanese ? (s_japanese, s_japaneseVocabulary) : (s_english, s_englishVocabulary);
        int[] ids = [.. tokens.Select(token => Array.IndexOf(vocabulary, token))];
        double[,] oneHot = new double[ids.Length, vocabulary.Length];
        for (int position = 0; position < ids.Length; position++)
            oneHot[position, ids[position]] = 1;
        string[] positions = [.. tokens.Select((token, position) => $"{position + 1} {token}")];
        string[] dimensions = LessonBoard.Names("d", s_table.GetLength(1));

        Variable<double> x = board.Matrix(oneHot), table = board.Matrix(s_table);
        Variable<double> product = x.MatMul(table);
        board.Show("ids", StageKind.Numbers, positions, ["id"], [.. ids.Select(id => (double)id)]);
        board.Show("one-hot", StageKind.Numbers, positions, vocabulary, x);
        board.Show("similarity", StageKind.Numbers, positions, positions, x.MatMul(x, transposeB: true));
        board.Show("table", StageKind.Numbers, vocabulary, dimensions, table);
        board.Show("product", StageKind.Numbers, positions, dimensions, product);

        Tensor<int> lookup = board.Tape.Copy<int>(ids, [ids.Length]);
        board.CheckRows(x);
        board.Check("lookup", product, board.Tape.Embedding(table, lookup), tolerance: 0);
        return board.Result;
    }
}
