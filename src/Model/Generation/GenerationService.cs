using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Numerics;
using System.Threading.Channels;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Tokenizers;
using MiniGpt.Tensors.Kernels;
using MiniGpt.Tensors.Threading;

namespace MiniGpt.Model.Generation;

/// <summary>How much a <see cref="GenerationService{T}"/> takes on.</summary>
public sealed record GenerationLimits
{
    /// <summary>How many texts are written at once.</summary>
    public int Parallel { get; init; } = 16;

    /// <summary>How many more may wait.</summary>
    public int MostQueued { get; init; } = 64;

    /// <summary>The bytes of keys and values at most; null for what all places need at their longest.</summary>
    public long? CacheBytes { get; init; }
}

/// <summary>What a <see cref="GenerationService{T}"/> has done so far, and does now.</summary>
public sealed record GenerationCounts
{
    /// <summary>Texts that are written.</summary>
    public int Running { get; init; }

    /// <summary>Texts that wait.</summary>
    public int Queued { get; init; }

    /// <summary>Texts that were taken on.</summary>
    public long Accepted { get; init; }

    /// <summary>Texts that were not: too many waited.</summary>
    public long Refused { get; init; }

    /// <summary>Tokens that went through the model.</summary>
    public long TokensRead { get; init; }

    /// <summary>Tokens of prompts that did not have to, since an earlier text began with them.</summary>
    public long TokensShared { get; init; }

    /// <summary>Tokens that were made.</summary>
    public long TokensMade { get; init; }

    /// <summary>Seconds in which there was work.</summary>
    public double BusySeconds { get; init; }

    /// <summary>Blocks of keys and values.</summary>
    public int Blocks { get; init; }

    /// <summary>Those that nothing is kept in.</summary>
    public int FreeBlocks { get; init; }

    /// <summary>The bytes of each.</summary>
    public long BlockBytes { get; init; }
}

/// <summary>
/// Continues texts for any number of callers at once: they are written side by side by a worker of its own, and a text is the same, to the last
/// bit of its logits, alone and in any company. First come, first served.
/// </summary>
public sealed class GenerationService<T> : IAsyncDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private static readonly Meter s_meter = new("MiniGpt");
    private static readonly Counter<long> s_made = s_meter.CreateCounter<long>("minigpt.tokens.generated", "{token}", "Tokens that were made.");
    private static readonly Histogram<double> s_first = s_meter.CreateHistogram<double>(
        "minigpt.time_to_first_token", "s", "From the request to its first token.");

    private readonly Decoder<T> _model;
    private readonly ITokenizer? _tokenizer;
    private readonly GenerationLimits _limits;
    private readonly ContinuousBatch<T> _batch;
    private readonly LinkedList<BatchedText> _queue = [];
    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _work = new(0);
    private readonly Task _worker;
    private double _busy;
    private int _running;
    private int _joining; // taken from the queue, not yet counted as running
    private long _accepted;
    private long _refused;
    private bool _closed;
    private bool _aborted;
    private Exception? _failure;

    /// <summary>Begins to wait for work.</summary>
    /// <param name="model">The model; fastest where it is laid out to be read, <see cref="Decoder{T}.ForReading()"/>, and only then are its texts the same in any company.</param>
    /// <param name="tokenizer">Turns ids to text; null where only ids are wanted.</param>
    /// <param name="limits">How much is taken on; null for the defaults.</param>
    /// <exception cref="ArgumentException">A limit makes no sense.</exception>
    public GenerationService(Decoder<T> model, ITokenizer? tokenizer = null, GenerationLimits? limits = null)
    {
        _limits = limits ?? new GenerationLimits();
        Require.Positive(_limits.Parallel, "number of texts at once");
        Require.NotNegative(_limits.MostQueued, "number of texts that wait");
        (_model, _tokenizer) = (model, tokenizer);
        _batch = new ContinuousBatch<T>(model, _limits.Parallel, BlocksOf(model, _limits)) { FirstToken = CountFirst };
        _worker = Task.Factory.StartNew(Work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <summary>Whether an error of its own has ended it: it takes on no more.</summary>
    public bool HasFailed
    {
        get
        {
            lock (_lock)
                return _failure is not null;
        }
    }

    /// <summary>What it has done so far, and does now.</summary>
    public GenerationCounts Counts
    {
        get
        {
            lock (_lock)
            {
                return new GenerationCounts
                {
                    Running = _running,
                    Queued = _queue.Count,
                    Accepted = _accepted,
                    Refused = _refused,
                    TokensRead = _batch.TokensRead, // counted before they are told, so that whoever has read a token finds it here
                    TokensShared = _batch.TokensShared,
                    TokensMade = _batch.TokensMade,
                    BusySeconds = _busy,
                    Blocks = _batch.Blocks,
                    FreeBlocks = _batch.FreeBlocks,
                    BlockBytes = _batch.BlockBytes,
                };
            }
        }
    }

    /// <summary>Takes on texts of one prompt, which is read once for all of them.</summary>
    /// <param name="requests">The texts: they may differ in the number of the sample alone.</param>
    /// <param name="cancellationToken">Ends them, also while they wait.</param>
    /// <returns>What comes of each; null where too many wait already, or the service is closing.</returns>
    /// <exception cref="ArgumentException">A request makes no sense, or could never have room.</exception>
    public IReadOnlyList<ChannelReader<GenerationStep>>? TryStart(IReadOnlyList<GenerationRequest> requests, CancellationToken cancellationToken)
    {
        List<BatchedText> texts = [];
        int tokens = Math.Min(_tokenizer?.VocabularySize ?? int.MaxValue, _model.Config.VocabularySize);
        foreach (GenerationRequest request in requests)
        {
            request.Validate(_model.Config.VocabularySize);
            BatchedText text = new(request, _model.Config.Context, _tokenizer, tokens, texts.FirstOrDefault(), cancellationToken);
            Require.That(_batch.CouldHaveRoomFor(text), $"the text needs {text.LongestLength} positions, more than there is memory for");
            texts.Add(text);
        }

        lock (_lock)
        {
            if (_failure is not null)
                throw new InvalidOperationException("The service has failed and takes on no more work.", _failure);
            if (_closed || _queue.Count + _running + _joining + texts.Count > _limits.Parallel + _limits.MostQueued)
            {
                _refused += texts.Count;
                return null;
            }

            _accepted += texts.Count;
            foreach (BatchedText text in texts)
                _queue.AddLast(text);
        }

        foreach (BatchedText text in texts)
        {
            text.Listening = cancellationToken.UnsafeRegister(_ => ForgetCancelled(), null);
            if (text.IsDone)
                text.Listening.Unregister();
        }

        _work.Release();
        return [.. texts.Select(text => text.Steps)];
    }

    /// <summary>Continues one text.</summary>
    /// <param name="request">The text.</param>
    /// <param name="cancellationToken">Ends it, also while it waits.</param>
    /// <returns>What comes of it; null where too many wait already, or the service is closing.</returns>
    /// <exception cref="ArgumentException">The request makes no sense, or could never have room.</exception>
    public ChannelReader<GenerationStep>? TryStart(GenerationRequest request, CancellationToken cancellationToken) =>
        TryStart([request], cancellationToken)?[0];

    /// <summary>Takes on no more; what runs and waits goes on to its end, which this waits for.</summary>
    /// <param name="cancellationToken">Ends all texts where they are.</param>
    public async Task CloseAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
            _closed = true;
        _work.Release();
        using (cancellationToken.UnsafeRegister(_ => Abort(), null))
            await _worker.ConfigureAwait(false);
    }

    /// <summary>Ends all texts and frees the memory.</summary>
    public async ValueTask DisposeAsync()
    {
        await CloseAsync(new CancellationToken(canceled: true)).ConfigureAwait(false);
        _batch.Dispose();
        _work.Dispose();
    }

    private static int BlocksOf(Decoder<T> model, GenerationLimits limits)
    {
        if (limits.CacheBytes is not long bytes || model.Config.Recurrence is not null)
            return 0;

        int context = KeyValueCache<T>.BlocksOf(model.Config.Context);
        long block = KeyValueCache<T>.BytesOfBlock(model.Config.Layers, model.Config.Attention.KeyHeads, model.Config.HeadSize);
        Require.That(bytes >= block, $"keys and values of {KeyValueCache<T>.BlockPositions} positions take {block} bytes, more than the {bytes} that are allowed");
        return (int)Math.Min(bytes / block, (long)limits.Parallel * context);
    }

    private void CountFirst(BatchedText text) => s_first.Record(Stopwatch.GetElapsedTime(text.Since).TotalSeconds);

    private void Abort()
    {
        lock (_lock)
            _aborted = true;
        _work.Release();
    }

    /// <summary>Those whose callers went away before they had a place.</summary>
    private void ForgetCancelled()
    {
        lock (_lock)
        {
            for (LinkedListNode<BatchedText>? node = _queue.First; node is not null;)
            {
                LinkedListNode<BatchedText>? next = node.Next;
                if (node.Value.Cancellation.IsCancellationRequested)
                {
                    node.Value.Complete(new OperationCanceledException(node.Value.Cancellation));
                    _queue.Remove(node);
                }

                node = next;
            }
        }
    }

    private void Work()
    {
        try
        {
            while (Admit())
            {
                if (_batch.Count == 0)
                {
                    _work.Wait();
                    continue;
                }

                long start = Stopwatch.GetTimestamp(), made = _batch.TokensMade;
                _batch.Step();
                double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
                s_made.Add(_batch.TokensMade - made);
                lock (_lock)
                    (_busy, _running) = (_busy + seconds, _batch.Count);
                Workers.GiveWay(); // to the threads that bring requests and send answers
            }
        }
        catch (Exception error)
        {
            lock (_lock)
                _failure = error; // told to whoever comes next
            End(error);
        }
    }

    /// <summary>Lets those join that have room, in their order; false where there is no more to do.</summary>
    private bool Admit()
    {
        while (true)
        {
            BatchedText text;
            lock (_lock)
            {
                (_running, _joining) = (_batch.Count, 0);
                if (_aborted)
                    break;
                if (_queue.First is not { } first)
                    return !_closed || _batch.Count > 0;
                text = first.Value;
                if (!_batch.HasRoomFor(text))
                    return true;
                _queue.RemoveFirst();
                _joining = 1;
            }

            if (text.Request is { MostTokens: 0, TellsPrompt: false })
                text.FinishPrompt();
            else
                _batch.Add(text);
        }

        End(new OperationCanceledException("The service is closing."));
        return false;
    }

    private void End(Exception error)
    {
        _batch.End(error);
        lock (_lock)
        {
            foreach (BatchedText text in _queue)
                text.Complete(error);
            _queue.Clear();
            _running = 0;
        }
    }
}
