using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using MiniGpt.Tensors.Simd;

namespace MiniGpt.Tensors.Threading;

/// <summary>The threads that all kernels share, and how a kernel's items are cut into chunks for them.</summary>
public static unsafe class Workers
{
    private static readonly long s_longTurn = Stopwatch.Frequency / 1000;

    [ThreadStatic]
    private static long t_noWayBefore;

    private static WorkerPool s_pool = new(Environment.ProcessorCount);

    /// <summary>
    /// The number of threads that kernels use, the calling one included; 0 sets it to the number of processors. To be set while no kernel
    /// runs. Results do not depend on it: work is cut by its size alone.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative or over 1024.</exception>
    public static int Count
    {
        get => s_pool.Threads;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, 1024);
            int threads = value == 0 ? Environment.ProcessorCount : value;
            if (threads != s_pool.Threads)
            {
                s_pool.Dispose();
                s_pool = new WorkerPool(threads);
            }
        }
    }

    /// <summary>
    /// Does other work than kernels on the same threads: independent parts from 0 up to <paramref name="count"/>, in any order. Parts that
    /// work by themselves on the same threads do so one after the other.
    /// </summary>
    /// <param name="count">The number of parts.</param>
    /// <param name="work">Does a part. What it throws first is thrown once all parts have ended.</param>
    public static void Run(int count, Action<int> work)
    {
        ArgumentNullException.ThrowIfNull(work);
        Parts parts = new() { Work = work };
        s_pool.Run(&RunPart, Unsafe.AsPointer(ref parts), count);
        parts.Failure?.Throw();
    }

    /// <summary>
    /// Lets other threads that wait for this one's processor go first, and returns at once where none does. For programs that answer others
    /// while they compute: these would otherwise wait for the end of a time slice, which is milliseconds.
    /// </summary>
    /// <remarks>
    /// Answering takes a fraction of a millisecond. A thread that keeps the processor for longer computes too, and would get nearly all of it if it
    /// were let in at every call: after such a turn, this does nothing for fifty times as long as it took, a second at most.
    /// </remarks>
    public static void GiveWay()
    {
        long before = Stopwatch.GetTimestamp();
        if (before < t_noWayBefore)
            return;
        Thread.Yield();
        t_noWayBefore = NextWay(before, Stopwatch.GetTimestamp());
    }

    /// <summary>When to give way again, after a turn of others, in ticks of the stopwatch.</summary>
    internal static long NextWay(long before, long after) => after - before <= s_longTurn ? after : after + Math.Min(50 * (after - before), Stopwatch.Frequency);

    /// <summary>Runs a kernel over its items from 0 up to <paramref name="count"/>, <paramref name="grain"/> items a chunk.</summary>
    /// <param name="kernel">The kernel, by reference: it is not copied.</param>
    /// <param name="count">The number of items.</param>
    /// <param name="grain">Items in a chunk: enough that a chunk takes some microseconds, since handing it out costs a part of one.</param>
    internal static void Run<T, TKernel>(ref TKernel kernel, int count, int grain)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TKernel : struct, IRangeKernel<T>
    {
        if (count <= grain)
        {
            VectorWidth.Run<T, TKernel>(ref kernel, 0, count);
            return;
        }

        Job<TKernel> job = new() { Kernel = ref kernel, Count = count, Grain = grain };
        s_pool.Run(&RunChunk<T, TKernel>, Unsafe.AsPointer(ref Unsafe.As<Job<TKernel>, byte>(ref job)), (count - 1) / grain + 1);
    }

    private static void RunPart(void* context, int part)
    {
        ref Parts parts = ref Unsafe.AsRef<Parts>(context);
        try
        {
            parts.Work(part);
        }
        catch (Exception exception)
        {
            Interlocked.CompareExchange(ref parts.Failure, ExceptionDispatchInfo.Capture(exception), null);
        }
    }

    private static void RunChunk<T, TKernel>(void* context, int chunk)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TKernel : struct, IRangeKernel<T>
    {
        ref Job<TKernel> job = ref Unsafe.As<byte, Job<TKernel>>(ref Unsafe.AsRef<byte>(context));
        int start = chunk * job.Grain;
        VectorWidth.Run<T, TKernel>(ref job.Kernel, start, start + Math.Min(job.Grain, job.Count - start));
    }

    private struct Parts
    {
        public Action<int> Work;
        public ExceptionDispatchInfo? Failure;
    }

    private ref struct Job<TKernel>
    {
        public ref TKernel Kernel;
        public int Count;
        public int Grain;
    }
}
