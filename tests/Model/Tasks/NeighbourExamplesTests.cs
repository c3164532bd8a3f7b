using MiniGpt.Model.Tasks;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;
using Xunit;

namespace MiniGpt.Tests.Model.Tasks;

public class NeighbourExamplesTests
{
    private static readonly long[] s_counts = [1000, 100, 100, 10, 10, 10];

    [Fact]
    public void Skip_gram_pairs_a_word_with_each_neighbour_inside_of_its_line()
    {
        List<(int[] Contexts, int[] Targets)> examples = Make(isBag: false, window: 1, [0, 1, 2], [3, 4], [5]);
        Assert.Equal([(0, 1), (1, 0), (1, 2), (2, 1), (3, 4), (4, 3)], examples.Select(example => (Assert.Single(example.Contexts), example.Targets[0])));
    }

    [Fact]
    public void A_bag_of_words_has_all_neighbours_of_a_word()
    {
        List<(int[] Contexts, int[] Targets)> examples = Make(isBag: true, window: 1, [0, 1, 2], [5]);
        Assert.Equal([0, 1, 2], examples.Select(example => example.Targets[0]));
        Assert.Equal([[1, NegativeSampling.None], [0, 2], [1, NegativeSampling.None]], examples.Select(example => example.Contexts));
    }

    [Fact]
    public void Windows_have_every_width_up_to_the_widest_about_equally_often()
    {
        int[] line = [.. Enumerable.Range(0, 20_000).Select(i => 3 + i % 3)];
        int count = Make(isBag: false, window: 5, line).Count;
        Assert.InRange(count / (2.0 * line.Length), 2.95, 3.05); // the mean of 1 to 5
    }

    [Fact]
    public void Wrong_targets_are_drawn_by_the_power_of_their_counts_and_never_the_right_one()
    {
        int[] line = [.. Enumerable.Range(0, 20_000).Select(i => i % 2 == 0 ? 3 : 4)];
        double[] drawn = new double[s_counts.Length];
        foreach ((int[] contexts, int[] targets) in Make(isBag: false, window: 1, line))
        {
            Assert.DoesNotContain(targets[0], targets[1..]);
            foreach (int target in targets[1..].Where(target => target != NegativeSampling.None))
                drawn[target]++;
        }
        double[] weights = [.. s_counts.Select(count => Math.Pow(count, 0.75))];
        // Every other example leaves out 3, and every other one 4.
        foreach (int word in (int[])[0, 1, 2, 5])
            Assert.InRange(drawn[word] / drawn[0] / (weights[word] / weights[0]), 0.95, 1.05);
        Assert.InRange(drawn[3] / drawn[0] / (weights[3] / weights[0]), 0.45, 0.55);
    }

    [Fact]
    public void Frequent_words_are_passed_over_as_the_paper_says()
    {
        const double subsample = 0.05;
        int[] line = [.. Enumerable.Range(0, 30_000).Select(i => i % 3 == 0 ? 0 : i % 3 == 1 ? 1 : 5)];
        List<(int[] Contexts, int[] Targets)> examples = Make(isBag: true, window: 1, subsample, [line]);
        double total = s_counts.Sum();
        foreach (int word in (int[])[0, 1, 5])
        {
            double kept = Math.Min(1, Math.Sqrt(subsample * total / s_counts[word]));
            Assert.InRange(examples.Count(example => example.Targets[0] == word) / 10_000.0, kept - 0.02, kept + 0.02);
        }
    }

    [Fact]
    public void The_alias_table_draws_every_word_with_its_probability()
    {
        NoiseWords noise = new(s_counts);
        double[] drawn = new double[s_counts.Length], weights = [.. s_counts.Select(count => Math.Pow(count, 0.75))];
        RandomStream stream = new(1, RandomPurpose.NegativeSamples);
        const int draws = 200_000;
        for (int i = 0; i < draws; i++)
            drawn[noise.Draw(stream.Bits((ulong)(2 * i)), stream.Bits((ulong)(2 * i + 1)))]++;
        for (int word = 0; word < drawn.Length; word++)
            Assert.InRange(drawn[word] / draws * weights.Sum() / weights[word], 0.95, 1.05);
        Assert.Equal(weights[0] / weights.Sum(), noise.LargestShare, 1e-12);
    }

    [Fact]
    public void Rows_that_are_touched_are_numbered_in_ascending_order()
    {
        TouchedRows rows = new(200);
        int[] ids = [150, 3, NegativeSampling.None, 150, 64, 199];
        Assert.Equal([3, 64, 150, 199], rows.Number(ids).ToArray());
        Assert.Equal([2, 0, NegativeSampling.None, 2, 1, 3], ids);
        ids = [5];
        Assert.Equal([5], rows.Number(ids).ToArray());
        Assert.Equal([0], ids);
    }

    private static List<(int[] Contexts, int[] Targets)> Make(bool isBag, int window, params int[][] lines) => Make(isBag, window, subsample: 0, lines);

    private static List<(int[] Contexts, int[] Targets)> Make(bool isBag, int window, double subsample, int[][] lines)
    {
        NeighbourExamples examples = new(s_counts, isBag, window, negative: 4, subsample, seed: 1);
        NeighbourBatch batch = new(10, examples.ContextWidth, 5);
        List<(int[] Contexts, int[] Targets)> made = [];
        foreach (int[] line in lines)
            examples.Add([.. line], batch, Take);
        Take();
        return made;

        void Take()
        {
            made.AddRange(batch.Contexts.ToArray().Chunk(batch.ContextWidth).Zip(batch.Targets.ToArray().Chunk(batch.TargetWidth)));
            batch.Clear();
        }
    }
}
