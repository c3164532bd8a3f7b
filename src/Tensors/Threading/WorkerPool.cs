using System.Diagnostics;

namespace MiniGpt.Tensors.Threading;

/// <summary>
/// Threads that stay: work is cut into chunks, the calling thread and the workers take chunk after chunk, and the call returns when all
/// are done. Between calls workers wait in a short spin, since the next call of a training step is microseconds away, then asleep.
/// </summary>
/// <remarks>
/// A job lives on its caller's stack and the claim of a chunk is one compare-and-swap, so that handing out work allocates nothing. A call
/// from inside a chunk, or while another thread uses the pool, runs on the calling thread alone: how work is cut never depends on who
/// does it, so results are the same bits.
/// </remarks>
internal sealed unsafe class WorkerPool : IDisposable
{
    // Long enough to bridge the gaps inside a training step, far below what a person or a battery would notice.
    private static readonly long SpinTicks = Stopwatch.Frequency / 20_000;

    private readonly Thread[] _threads;
    private readonly Lock _caller = new();
    private readonly object _wake = new();

    private delegate*<void*, int, void> _body;
    private void* _context;
    private int _chunks;
    private Exception? _failure;

    // The job's number in the upper half, how many chunks are unclaimed in the lower: one word, so that a claim cannot mix two jobs.
    private long _state;
    private int _unfinished;
    private int _asleep;
    private volatile bool _stopping;

    [ThreadStatic]
    private static bool t_insideChunk;

    public WorkerPool(int threads)
    {
        _threads = new Thread[threads - 1];
        for (int i = 0; i < _threads.Length; i++)
        {
            _threads[i] = new Thread(Work) { IsBackground = true, Name = $"MiniGpt worker {i + 1}" };
            _threads[i].Start();
        }
    }

    public int Threads => _threads.Length + 1;

    /// <summary>Calls <paramref name="body"/> for every chunk from 0 up to <paramref name="chunks"/> and returns when all are done.</summary>
    public void Run(delegate*<void*, int, void> body, void* context, int chunks)
    {
        if (chunks <= 1 || _threads.Length == 0 || t_insideChunk || !_caller.TryEnter())
        {
            for (int chunk = 0; chunk < chunks; chunk++)
            {
                body(context, chunk);
            }

            return;
        }

        try
        {
            _body = body;
            _context = context;
            _chunks = chunks;
            _failure = null;
            Volatile.Write(ref _unfinished, chunks);
            Interlocked.Exchange(ref _state, (((_state >> 32) + 1) << 32) | (uint)chunks);
            if (Volatile.Read(ref _asleep) > 0)
            {
                lock (_wake)
                {
                    Monitor.PulseAll(_wake);
                }
            }

            while (TryDoChunk())
            {
            }

            SpinWait wait = default;
            while (Volatile.Read(ref _unfinished) > 0)
            {
                wait.SpinOnce(sleep1Threshold: -1); // a worker without a processor of its own needs ours
            }

            if (_failure is not null)
            {
                throw new AggregateException("A worker failed.", _failure);
            }
        }
        finally
        {
            _caller.Exit();
        }
    }

    public void Dispose()
    {
        _stopping = true;
        lock (_wake)
        {
            Monitor.PulseAll(_wake);
        }

        foreach (Thread thread in _threads)
        {
            thread.Join();
        }
    }

    private bool HasWork => (int)Volatile.Read(ref _state) != 0;

    private void Work()
    {
        while (!_stopping)
        {
            if (!TryDoChunk())
            {
                WaitForWork();
            }
        }
    }

    /// <summary>
    /// Claims the next chunk and runs it. The job's fields are read before the claim: they change only when no chunk of it is unclaimed,
    /// and then either there is nothing to claim or the claim fails.
    /// </summary>
    private bool TryDoChunk()
    {
        while (true)
        {
            long state = Volatile.Read(ref _state);
            int unclaimed = (int)state;
            if (unclaimed == 0)
            {
                return false;
            }

            delegate*<void*, int, void> body = _body;
            void* context = _context;
            int chunk = _chunks - unclaimed;
            if (Interlocked.CompareExchange(ref _state, state - 1, state) == state)
            {
                RunChunk(body, context, chunk);
                Interlocked.Decrement(ref _unfinished);
                return true;
            }
        }
    }

    private void RunChunk(delegate*<void*, int, void> body, void* context, int chunk)
    {
        t_insideChunk = true;
        try
        {
            body(context, chunk);
        }
        catch (Exception exception)
        {
            // Rethrown by the caller: an exception that left a worker thread would end the process.
            Interlocked.CompareExchange(ref _failure, exception, null);
        }
        finally
        {
            t_insideChunk = false;
        }
    }

    private void WaitForWork()
    {
        long until = Stopwatch.GetTimestamp() + SpinTicks;
        while (!HasWork && !_stopping)
        {
            if (Stopwatch.GetTimestamp() < until)
            {
                Thread.SpinWait(8);
                continue;
            }

            lock (_wake)
            {
                // Counted before the last look at the state: a caller that sees nobody asleep has published its job before that look.
                Interlocked.Increment(ref _asleep);
                while (!HasWork && !_stopping)
                {
                    Monitor.Wait(_wake);
                }

                Interlocked.Decrement(ref _asleep);
            }

            // Waking takes longer than many a job: whoever came too late for this one spins for the next.
            until = Stopwatch.GetTimestamp() + SpinTicks;
        }
    }
}
