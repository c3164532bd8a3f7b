using MiniGpt.Model.Data;
using Xunit;

namespace MiniGpt.Tests.Model.Data;

public class PairBatchesTests
{
    private const int Pairs = 1003, BatchSize = 8;

    [Fact]
    public void A_pass_takes_every_pair_once_but_for_those_that_fill_no_batch()
    {
        PairBatches batches = new(Make(), BatchSize, seed: 1);
        int[] first = Pass(batches, 0), second = Pass(batches, 1);
        Assert.Equal(Pairs / BatchSize * BatchSize, first.Distinct().Count());
        Assert.Equal(first.Length, second.Distinct().Count());
        Assert.NotEqual(first, second);
    }

    [Fact]
    public void A_batch_is_a_function_of_its_number_alone()
    {
        PairBatches batches = new(Make(), BatchSize, seed: 1), other = new(Make(), BatchSize, seed: 1);
        _ = Pass(batches, 0);
        Assert.Equal(batches.At(300).ToArray(), other.At(300).ToArray());
        Assert.Equal(batches.At(3).ToArray(), other.At(3).ToArray());
        Assert.NotEqual(other.At(3).ToArray(), new PairBatches(Make(), BatchSize, seed: 2).At(3).ToArray());
    }

    [Fact]
    public void Pairs_of_a_batch_have_similar_lengths_and_batches_come_in_no_order_of_length()
    {
        TokenPairs pairs = Make();
        PairBatches batches = new(pairs, BatchSize, seed: 1);
        List<double> means = [];
        long padded = 0;
        for (long batch = 0; batch < Pairs / BatchSize; batch++)
        {
            int[] lengths = [.. batches.At(batch).ToArray().Select(pair => pairs.Targets[pair].Length)];
            padded += BatchSize * lengths.Max();
            means.Add(lengths.Average());
        }
        Assert.True(padded < 1.1 * pairs.Targets.Sum(target => target.Length), $"{padded} positions");
        Assert.NotEqual(means.Order(), means);
    }

    [Fact]
    public void Too_few_pairs_are_refused() =>
        Assert.Contains("too few", Assert.Throws<ArgumentException>(() => new PairBatches(new TokenPairs([[1]], [[2]]), 2, 1)).Message);

    private static int[] Pass(PairBatches batches, long pass)
    {
        long count = Pairs / BatchSize;
        return [.. Enumerable.Range(0, (int)count).SelectMany(batch => batches.At(pass * count + batch).ToArray())];
    }

    private static TokenPairs Make() => new(
        [.. Enumerable.Range(0, Pairs).Select(i => new int[1 + i * 7 % 13])], [.. Enumerable.Range(0, Pairs).Select(i => new int[1 + i * 11 % 17])]);
}
