using BenchmarkDotNet.Attributes;
using MiniGpt.Tensors.Threading;

namespace MiniGpt.Bench.EndToEnd;

/// <summary>
/// What it costs to hand work to the other threads and to wait for it, with nothing to do: right after the last time, while they spin, and
/// after a pause in which they fell asleep.
/// </summary>
public unsafe class HandOffBenchmarks
{
    private WorkerPool _pool = null!;

    [Params(2, 16)]
    public int Chunks { get; set; }

    [GlobalSetup]
    public void Setup() => _pool = new WorkerPool(2);

    [Benchmark(Baseline = true)]
    public void WhileTheySpin() => _pool.Run(&Nothing, null, Chunks);

    [Benchmark]
    public void WhenTheyFellAsleep()
    {
        Thread.Sleep(1);
        _pool.Run(&Nothing, null, Chunks);
    }

    [Benchmark]
    public void ThePauseAlone() => Thread.Sleep(1);

    [GlobalCleanup]
    public void Cleanup() => _pool.Dispose();

    private static void Nothing(void* context, int chunk)
    {
    }
}
