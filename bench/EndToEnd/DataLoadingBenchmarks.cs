using BenchmarkDotNet.Attributes;
using MiniGpt.Model.Data;
using MiniGpt.Tensors;

namespace MiniGpt.Bench.EndToEnd;

/// <summary>The batch of a step: tiny's 12 rows of 64 tokens, and gpt2's 12 of 1024.</summary>
public class DataLoadingBenchmarks
{
    private RandomBatches _batches = null!;
    private int[] _inputs = [];
    private int[] _targets = [];
    private long _step;

    [Params(64, 1024)]
    public int Context { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        var random = new RandomStream(1, RandomPurpose.Evaluation);
        int[] ids = [.. Enumerable.Range(0, 1_000_000).Select(i => (int)random.Below((ulong)i, 65))];
        _batches = new RandomBatches(TokenSource.FromIds(ids, 65), Context, batchSize: 12, microBatches: 1, seed: 1);
        (_inputs, _targets) = (new int[12 * Context], new int[12 * Context]);
    }

    [Benchmark]
    public void RandomBatch() => _batches.Fill(_step++, 0, _inputs, _targets);
}
