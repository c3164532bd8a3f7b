using MiniGpt.Model.Data;
using MiniGpt.Model.Formats;
using Xunit;

namespace MiniGpt.Tests.Model.Data;

public class BatchSourceTests
{
    private static readonly TokenSource s_hundred = TokenSource.FromIds([.. Enumerable.Range(0, 100)], 100);

    [Fact]
    public void Targets_are_the_inputs_one_token_later()
    {
        foreach (BatchOrder order in Enum.GetValues<BatchOrder>())
        {
            BatchSource batches = BatchSource.Create(order, s_hundred, context: 5, batchSize: 3, microBatches: 2, seed: 1);
            for (int step = 0; step < 50; step++)
            {
                (int[] inputs, int[] targets) = Batch(batches, step, step % 2);
                Assert.Equal(Array.ConvertAll(inputs, id => id + 1), targets);
                for (int i = 0; i < 15; i++)
                    Assert.Equal(inputs[i / 5 * 5] + i % 5, inputs[i]);
            }
        }
    }

    [Fact]
    public void Random_batches_reach_every_start_and_depend_on_the_step_alone()
    {
        BatchSource batches = new RandomBatches(s_hundred, 5, 4, 1, seed: 1);
        HashSet<int> starts = [];
        for (int step = 0; step < 500; step++)
        {
            int[] inputs = Batch(batches, step, 0).Inputs;
            starts.UnionWith([inputs[0], inputs[5], inputs[10], inputs[15]]);
            Assert.Equal(inputs, Batch(new RandomBatches(s_hundred, 5, 4, 1, seed: 1), step, 0).Inputs);
        }
        Assert.Equal(Enumerable.Range(0, 95), starts.Order());
        Assert.NotEqual(Batch(batches, 0, 0).Inputs, Batch(new RandomBatches(s_hundred, 5, 4, 1, seed: 2), 0, 0).Inputs);
    }

    [Fact]
    public void Two_micro_batches_are_one_batch_of_twice_the_rows()
    {
        foreach (BatchOrder order in Enum.GetValues<BatchOrder>())
        {
            BatchSource halves = BatchSource.Create(order, s_hundred, 5, 3, microBatches: 2, seed: 1);
            BatchSource whole = BatchSource.Create(order, s_hundred, 5, 6, microBatches: 1, seed: 1);
            for (int step = 0; step < 10; step++)
                Assert.Equal(Batch(whole, step, 0).Inputs, Batch(halves, step, 0).Inputs.Concat(Batch(halves, step, 1).Inputs));
        }
    }

    [Fact]
    public void Sequential_batches_start_again_when_the_next_would_not_be_whole()
    {
        // ⌊(100 - 1)/(4·8)⌋ = 3 steps.
        BatchSource batches = new SequentialBatches(s_hundred, context: 8, batchSize: 4, microBatches: 1);
        Assert.Equal([0, 32, 64, 0, 32], Enumerable.Range(0, 5).Select(step => Batch(batches, step, 0).Inputs[0]));
    }

    [Fact]
    public void Sequential_batches_are_those_of_the_recorded_run()
    {
        using SafetensorsReader reader = SafetensorsReader.Open(Fixtures.File("gpt2-tiny", "trace.safetensors"));
        Assert.True(reader.TryGet("tokens", out StoredTensor? entry));
        long[] tokens = new long[entry.Count];
        reader.ReadIntegers(entry, tokens);
        BatchSource batches = new SequentialBatches(TokenSource.FromIds(Array.ConvertAll(tokens, id => (int)id), 65), 16, 4, 1);
        for (int step = 0; step < 10; step++)
        {
            (int[] inputs, int[] targets) = Batch(batches, step, 0);
            Assert.Equal(tokens[(step * 64)..(step * 64 + 64)], inputs.Select(id => (long)id));
            Assert.Equal(tokens[(step * 64 + 1)..(step * 64 + 65)], targets.Select(id => (long)id));
        }
    }

    [Fact]
    public void A_text_too_short_is_refused_with_both_numbers()
    {
        TokenSource four = TokenSource.FromIds([0, 1, 2, 3], 4);
        Assert.Equal("a text of 4 tokens is too short: a context of 4 needs at least 5",
            Assert.Throws<ArgumentException>(() => new RandomBatches(four, 4, 1, 1, 0)).Message);
        Assert.Equal("a text of 4 tokens is too short: one step of sequential batches needs at least 7",
            Assert.Throws<ArgumentException>(() => new SequentialBatches(four, 3, 2, 1)).Message);
        Assert.Equal([0, 1, 2], Batch(new RandomBatches(four, 3, 1, 1, 0), 0, 0).Inputs);
        Assert.Equal([0, 1, 2], Batch(new SequentialBatches(four, 3, 1, 1), 9, 0).Inputs);
    }

    [Fact]
    public void Spans_of_another_length_are_refused()
    {
        BatchSource batches = new RandomBatches(s_hundred, 5, 3, 1, seed: 1);
        Assert.Throws<ArgumentException>(() => batches.Fill(0, 0, new int[15], new int[14]));
        Assert.Throws<ArgumentOutOfRangeException>(() => batches.Fill(0, 1, new int[15], new int[15]));
        Assert.Throws<ArgumentOutOfRangeException>(() => batches.Fill(-1, 0, new int[15], new int[15]));
    }

    [Theory]
    [InlineData(2, 5, 1)]
    [InlineData(6, 5, 1)]
    [InlineData(7, 5, 2)]
    [InlineData(11, 5, 2)]
    [InlineData(100, 8, 13)]
    public void Evaluation_windows_predict_every_token_once(int length, int context, int count)
    {
        EvaluationWindows windows = new(s_hundred.Slice(0, length), context);
        Assert.Equal((count, length - 1), (windows.Count, windows.Predictions));
        List<int> predicted = [];
        for (long window = 0; window < windows.Count; window++)
        {
            int[] inputs = new int[windows.LengthOf(window)], targets = new int[inputs.Length];
            windows.Fill(window, inputs, targets);
            Assert.Equal(targets, inputs.Select(id => id + 1));
            predicted.AddRange(targets);
        }
        Assert.Equal(Enumerable.Range(1, length - 1), predicted);
    }

    [Fact]
    public void Several_whole_windows_are_filled_at_once()
    {
        EvaluationWindows windows = new(s_hundred, 8);
        Assert.Equal(12, windows.FullCount);
        int[] inputs = new int[24], targets = new int[24];
        windows.Fill(2, inputs, targets);
        Assert.Equal(Enumerable.Range(16, 24), inputs);
        Assert.Throws<ArgumentException>(() => windows.Fill(10, inputs, targets));
        Assert.Throws<ArgumentException>(() => windows.Fill(0, inputs.AsSpan(1), targets.AsSpan(1)));
        Assert.Throws<ArgumentException>(() => windows.Fill(12, inputs.AsSpan(0, 8), targets.AsSpan(0, 8)));
        Assert.Throws<ArgumentException>(() => new EvaluationWindows(s_hundred.Slice(0, 1), 8));
    }

    private static (int[] Inputs, int[] Targets) Batch(BatchSource batches, long step, int microBatch)
    {
        int[] inputs = new int[batches.BatchSize * batches.Context], targets = new int[inputs.Length];
        batches.Fill(step, microBatch, inputs, targets);
        return (inputs, targets);
    }
}
