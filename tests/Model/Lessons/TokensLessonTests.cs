using MiniGpt.Model.Lessons;
using Xunit;

namespace MiniGpt.Tests.Model.Lessons;

public sealed class TokensLessonTests
{
    [Fact]
    public void The_merges_are_those_of_counting_by_hand()
    {
        LessonStage merges = LessonResults.Stage("tokens", "merges");
        Assert.Equal(
            ["1. l + k", "2. a + lk", "3. w + alk", "4. t + alk", "5. e + d", "6. n + g", "7. i + ng", "8. walk + ed", "9. walk + ing"], merges.Columns);
        // walk 6 + 4 + 3, talk 5 + 2 + 2, -ed 4 + 2, -ing 3 + 2.
        Assert.Equal([22, 22, 13, 9, 6, 5, 5, 4, 3], merges.Values);
    }

    [Fact]
    public void Each_stop_of_the_slider_shows_the_words_after_so_many_merges()
    {
        LessonStage learning = LessonResults.Stage("tokens", "learning");
        Assert.Equal(["w", "a", "l", "k", "i", "n", "g"], Cut(learning, row: 2, frame: 0));
        Assert.Equal(["w", "alk", "i", "n", "g"], Cut(learning, row: 2, frame: 2));
        Assert.Equal(["walk", "ing"], Cut(learning, row: 2, frame: 7));
        Assert.Equal(["walking"], Cut(learning, row: 2, frame: 9));
        Assert.Equal(["talk", "ing"], Cut(learning, row: 5, frame: 9));
        Assert.Equal(["b", "alk", "ed"], Cut(LessonResults.Stage("tokens", "unseen"), row: 1));
    }

    [Theory]
    [InlineData(Language.English, 36, 36)] // letters of one byte
    [InlineData(Language.Japanese, 17, 51)] // of three
    public void Costs_are_counts_and_their_products(Language language, int characters, int bytes)
    {
        LessonStage costs = LessonResults.Stage("tokens", "costs", language);
        double[][] rows = [.. Enumerable.Range(0, 4).Select(row => costs.Row(row).ToArray())];
        Assert.Equal([characters, bytes], [rows[0][0], rows[3][0]]);
        Assert.Equal(256, rows[3][1]);
        Assert.All(rows, row => Assert.Equal([row[1] * 64, row[0] * row[0]], row[2..]));
        Assert.InRange(rows[2][0], rows[1][0] + 1, rows[0][0] - 1); // sub-words lie between words and characters
    }

    [Fact]
    public void The_best_path_goes_through_the_lattice_without_gap_or_overlap_and_no_way_is_likelier()
    {
        LessonStage lattice = LessonResults.Stage("tokens", "lattice");
        LessonPiece[] path = [.. lattice.Pieces.Where(piece => piece.IsMarked).OrderBy(piece => piece.Start)];
        Assert.Equal(lattice.Rows[0], string.Concat(path.Select(piece => piece.Text)));
        Assert.Equal(path.Select(piece => piece.Start), path.Select((_, i) => path.Take(i).Sum(piece => piece.Text.Length)));
        // The best to each place from the best to those before, forward.
        double[] best = [0, .. Enumerable.Repeat(double.NegativeInfinity, lattice.Rows[0].Length)];
        int[] ways = [1, .. new int[lattice.Rows[0].Length]];
        for (int end = 1; end < best.Length; end++)
        {
            foreach (LessonPiece piece in lattice.Pieces.Where(piece => piece.Start + piece.Text.Length == end))
            {
                best[end] = Math.Max(best[end], best[piece.Start] + piece.Score);
                ways[end] += ways[piece.Start];
            }
        }
        Assert.Equal(best[^1], path.Sum(piece => piece.Score), 1e-12);
        Assert.Equal(94, ways[^1]);
        Assert.Equal(["すもも", "もも", "もも", "もも", "の", "うち"], path.Select(piece => piece.Text));
        Assert.Equal(["すもも", "も", "もも", "も", "もも", "の", "うち"], Cut(LessonResults.Stage("tokens", "ways"), row: 2));
    }

    private static IEnumerable<string> Cut(LessonStage stage, int row, int frame = 0) => stage.PiecesOf(row, frame).Select(piece => piece.Text);
}
