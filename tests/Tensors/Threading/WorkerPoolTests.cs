using System.Runtime.CompilerServices;
using MiniGpt.Tensors.Threading;
using Xunit;

namespace MiniGpt.Tests.Tensors.Threading;

public class WorkerPoolTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(8)]
    public void Every_chunk_is_done_exactly_once(int threads)
    {
        using var pool = new WorkerPool(threads);
        Assert.Equal(threads, pool.Threads);
        foreach (int chunks in (int[])[0, 1, 2, 3, 7, 64, 1000, Share.MostChunks, 2 * Share.MostChunks + 1])
        {
            for (int repeat = 0; repeat < (chunks > 1000 ? 2 : 50); repeat++)
                AssertEachIsDoneOnce(pool, chunks);
        }
    }

    [Fact]
    public void Workers_that_have_nothing_to_do_fall_asleep_and_wake_up_when_they_have()
    {
        using var pool = new WorkerPool(4);
        for (int repeat = 0; repeat < 5; repeat++)
        {
            // They spin for 50 microseconds; a minute is for a machine on which they get no turn.
            Assert.True(SpinWait.SpinUntil(() => pool.Asleep == 3, TimeSpan.FromMinutes(1)), $"{pool.Asleep} of 3 workers are asleep");
            AssertEachIsDoneOnce(pool, 100);
        }
    }

    [Fact]
    public unsafe void A_call_from_inside_a_chunk_runs_there()
    {
        using var pool = new WorkerPool(3);
        var job = new Nested(pool, new int[20 * 30]);
        pool.Run(&CountNested, Unsafe.AsPointer(ref job), 20);
        Assert.All(job.Done, times => Assert.Equal(1, times));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(8)]
    public unsafe void What_a_chunk_throws_reaches_the_caller_and_the_pool_goes_on(int threads)
    {
        using var pool = new WorkerPool(threads);
        for (int repeat = 0; repeat < 20; repeat++)
        {
            var error = Assert.Throws<InvalidOperationException>(() => Run(pool, new int[50], &FailAt17));
            Assert.Equal("chunk 17", error.Message);
            AssertEachIsDoneOnce(pool, 50);
        }
    }

    [Fact]
    public async Task Several_callers_at_once_all_get_their_work_done()
    {
        using var pool = new WorkerPool(3);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            for (int repeat = 0; repeat < 300; repeat++)
                AssertEachIsDoneOnce(pool, 20);
        })));
    }

    private static unsafe void AssertEachIsDoneOnce(WorkerPool pool, int chunks)
    {
        int[] done = new int[chunks];
        Run(pool, done, &Count);
        Assert.All(done, times => Assert.Equal(1, times));
    }

    private static unsafe void Run(WorkerPool pool, int[] done, delegate*<void*, int, void> body)
    {
        fixed (int* context = done)
        {
            pool.Run(body, context, done.Length);
        }
    }

    private static unsafe void Count(void* context, int chunk) => Interlocked.Increment(ref ((int*)context)[chunk]);

    private static unsafe void FailAt17(void* context, int chunk)
    {
        if (chunk == 17)
            throw new InvalidOperationException("chunk 17");

        Count(context, chunk);
    }

    private static unsafe void CountNested(void* context, int chunk)
    {
        Nested job = Unsafe.AsRef<Nested>(context);
        fixed (int* row = &job.Done[chunk * 30])
        {
            job.Pool.Run(&Count, row, 30);
        }
    }

    private readonly record struct Nested(WorkerPool Pool, int[] Done);
}
