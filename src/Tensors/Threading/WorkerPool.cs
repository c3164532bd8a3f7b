using System.Diagnostics;
using System.Runtime.ExceptionServices;

namespace MiniGpt.Tensors.Threading;

/// <summary>
/// Threads that stay: work is cut into chunks, the calling thread and the workers take chunk after chunk, and the call returns when all
/// are done. Between calls workers wait in a short spin, since the next call of a training step is microseconds away, then asleep.
/// </summary>
/// <remarks>
/// Every thread begins with a share of its own, and takes from the end of the others' when that is done. Since operators go through the
/// same rows one after the other, a thread mostly finds in its own cache what the operator before left there.
/// A job lives on its caller's stack and the claim of a chunk is one compare-and-swap, so that handing out work allocates nothing. A call
/// from inside a chunk, or while another thread uses the pool, runs on the calling thread alone: how work is cut never depends on who
/// does it, so results are the same bits.
/// </remarks>
internal sealed unsafe class WorkerPool : IDisposable
{
    // Long enough to bridge the gaps inside a training step, far below what a person or a battery would notice.
    private static readonly long SpinTicks = Stopwatch.Frequency / 20_000;

    private readonly Thread[] _threads;
    private readonly Share[] _shares;
    private readonly Lock _caller = new();
    private readonly object _wake = new();

    private delegate*<void*, int, void> _body;
    private void* _context;
    private int _firstChunk;
    private ExceptionDispatchInfo? _failure;
    private int _unfinished;
    private int _asleep;
    private volatile bool _stopping;

    [ThreadStatic]
    private static bool t_insideChunk;

    public WorkerPool(int threads)
    {
        _threads = new Thread[threads - 1];
        _shares = new Share[threads];
        for (int i = 0; i < _threads.Length; i++)
        {
            int share = i + 1;
            _threads[i] = new Thread(() => Work(share)) { IsBackground = true, Name = $"MiniGpt worker {i + 1}" };
            _threads[i].Start();
        }
    }

    public int Threads => _threads.Length + 1;

    /// <summary>How many workers sleep: they take no processor time until there is work.</summary>
    public int Asleep => Volatile.Read(ref _asleep);

    /// <summary>Calls <paramref name="body"/> for every chunk from 0 up to <paramref name="chunks"/> and returns when all are done.</summary>
    public void Run(delegate*<void*, int, void> body, void* context, int chunks)
    {
        if (chunks <= 1 || _threads.Length == 0 || t_insideChunk || !_caller.TryEnter())
        {
            for (int chunk = 0; chunk < chunks; chunk++)
                body(context, chunk);

            return;
        }

        try
        {
            _body = body;
            _context = context;
            _failure = null;
            for (long first = 0; first < chunks; first += Share.MostChunks)
                RunTogether((int)first, (int)Math.Min(Share.MostChunks, chunks - first));

            _failure?.Throw();
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
            thread.Join();
    }

    /// <summary>Publishes as many chunks as shares can count, and returns when they are done.</summary>
    private void RunTogether(int first, int chunks)
    {
        _firstChunk = first;
        Volatile.Write(ref _unfinished, chunks);
        for (int i = 0; i < _shares.Length; i++)
            _shares[i].Fill((int)((long)chunks * i / _shares.Length), (int)((long)chunks * (i + 1) / _shares.Length));

        if (Volatile.Read(ref _asleep) > 0)
        {
            lock (_wake)
            {
                Monitor.PulseAll(_wake);
            }
        }

        while (TryDoChunk(share: 0))
        {
        }

        SpinWait wait = default;
        while (Volatile.Read(ref _unfinished) > 0)
        {
            wait.SpinOnce(sleep1Threshold: -1); // a worker without a processor of its own needs ours
        }
    }

    private bool HasWork
    {
        get
        {
            foreach (ref readonly Share share in _shares.AsSpan())
            {
                if (!share.IsEmpty)
                    return true;
            }

            return false;
        }
    }

    private void Work(int share)
    {
        while (!_stopping)
        {
            if (!TryDoChunk(share))
                WaitForWork();
        }
    }

    /// <summary>Claims a chunk, of a thread's own share while there is one, and runs it.</summary>
    private bool TryDoChunk(int share)
    {
        for (int i = 0; i < _shares.Length; i++)
        {
            ref Share source = ref _shares[(share + i) % _shares.Length];
            long seen = source.Read();
            while (!Share.IsEmptyIn(seen))
            {
                // Read before the claim: they change only when no chunk of their job is unclaimed, and then the claim fails.
                delegate*<void*, int, void> body = _body;
                void* context = _context;
                int first = _firstChunk;
                if (source.TryClaim(ref seen, fromEnd: i > 0, out int chunk))
                {
                    RunChunk(body, context, first + chunk);
                    Interlocked.Decrement(ref _unfinished);
                    return true;
                }
            }
        }

        return false;
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
            Interlocked.CompareExchange(ref _failure, ExceptionDispatchInfo.Capture(exception), null);
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
                    Monitor.Wait(_wake);

                Interlocked.Decrement(ref _asleep);
            }

            // Waking takes longer than many a job: whoever came too late for this one spins for the next.
            until = Stopwatch.GetTimestamp() + SpinTicks;
        }
    }
}
