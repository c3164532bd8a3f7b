using System.Numerics;
using System.Threading.Channels;
using MiniGpt.Model.Tokenizers;

namespace MiniGpt.Model.Generation;

/// <summary>One of the texts of a <see cref="ContinuousBatch{T}"/>: it makes what its reader gets out of the tokens that are drawn for it.</summary>
internal sealed class BatchedText
{
    private readonly Channel<GenerationStep> _steps = Channel.CreateUnbounded<GenerationStep>(new() { SingleReader = true, SingleWriter = true });
    private readonly SampleText? _text;
    private readonly JsonConstraint? _json;
    private readonly List<TokenProbability>? _prompt;
    private readonly List<GenerationStep> _held = [];
    private readonly int _tokens;

    /// <summary>A text that nothing has been read of.</summary>
    /// <param name="request">What is asked for.</param>
    /// <param name="context">T.</param>
    /// <param name="tokenizer">Turns ids to text; null where there are only ids.</param>
    /// <param name="tokens">How many tokens can be drawn.</param>
    /// <param name="leader">The first text of the same prompt, which this one shares the reading of; null of that one itself.</param>
    /// <param name="cancellation">Ends the text.</param>
    public BatchedText(
        GenerationRequest request, int context, ITokenizer? tokenizer, int tokens, BatchedText? leader, CancellationToken cancellation)
    {
        (Request, Cancellation, _tokens) = (request, cancellation, tokens);
        Leader = request.TellsPrompt ? null : leader;
        Sequence = new TokenSequence(request.Sample, context, request.Sampling);
        Sequence.Append([.. request.Prompt]);
        _text = tokenizer is null ? null : new SampleText(tokenizer, request.Stops, request.IsTextStart);
        _json = request.IsJson && tokenizer is not null ? new JsonConstraint(tokenizer) : null;
        _prompt = request.TellsPrompt ? [new TokenProbability(request.Prompt[0], null, [])] : null;
        LongestLength = (int)Math.Min(context, (long)request.Prompt.Count + request.MostTokens);
    }

    public GenerationRequest Request { get; }

    public CancellationToken Cancellation { get; }

    public TokenSequence Sequence { get; }

    /// <summary>The text whose reading of the prompt is waited for.</summary>
    public BatchedText? Leader { get; set; }

    /// <summary>Its place in the decoder; −1 outside.</summary>
    public int Row { get; set; } = -1;

    /// <summary>How many positions it takes at its longest.</summary>
    public int LongestLength { get; }

    /// <summary>Whether the prompt has been read.</summary>
    public bool IsPromptRead { get; private set; }

    /// <summary>Whether no more tokens are wanted.</summary>
    public bool IsDone { get; private set; }

    /// <summary>How many tokens were made.</summary>
    public int Made { get; private set; }

    /// <summary>When it was asked for, in ticks of the stopwatch.</summary>
    public long Since { get; } = System.Diagnostics.Stopwatch.GetTimestamp();

    /// <summary>What listens for the end of its token; given up when the text ends, since tokens may live long.</summary>
    public CancellationTokenRegistration Listening { get; set; }

    public ChannelReader<GenerationStep> Steps => _steps.Reader;

    /// <summary>Notes what the model took the prompt's next tokens to be.</summary>
    /// <param name="logits">[ids, V]: those of the tokens behind each.</param>
    /// <param name="next">The tokens that did follow, fewer at the end of the prompt.</param>
    public void TellPrompt<T>(ReadOnlySpan<T> logits, ReadOnlySpan<int> next)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int vocabulary = next.Length == 0 ? 0 : logits.Length / next.Length;
        for (int i = 0; i < next.Length; i++)
            _prompt!.Add(ProbabilityOf(logits.Slice(i * vocabulary, vocabulary)[.._tokens], next[i], Request.Likeliest ?? 0));
    }

    /// <summary>Says that the prompt has been read; without a token to make, that is all.</summary>
    public void FinishPrompt()
    {
        IsPromptRead = true;
        if (_prompt is not null)
            Write(new GenerationStep { Prompt = _prompt });
        if (Request.MostTokens == 0)
            Finish(FinishReason.Length);
    }

    /// <summary>Draws the next token; several texts may do so at once.</summary>
    /// <param name="logits">[V].</param>
    /// <returns>What is to be told to the reader.</returns>
    /// <exception cref="ArgumentException">No logit is a finite number.</exception>
    public GenerationStep Draw<T>(ReadOnlySpan<T> logits)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        logits = logits[.._tokens];
        int id = Sequence.Draw(_json is null ? logits : _json.Allowed(logits));
        _json?.Append(id);
        Made++;
        if (Request.EndIds.Contains(id))
            return new GenerationStep { Text = Rest(), Finish = FinishReason.Stop };

        string text = _text is null ? "" : _text.Append(id).ToString();
        FinishReason? finish = _text?.IsStopped == true || _json?.IsComplete == true ? FinishReason.Stop : Made >= Request.MostTokens ? FinishReason.Length : null;
        return new GenerationStep
        {
            Id = id,
            Text = finish is null || _text?.IsStopped == true ? text : text + Rest(),
            Probability = Request.Likeliest is int count ? ProbabilityOf(logits, id, count) : null,
            Finish = finish,
        };
    }

    /// <summary>Hands a step to the reader, now or at the end.</summary>
    public void Write(GenerationStep step)
    {
        if (!Request.ComesInPieces && step.Finish is null)
        {
            _held.Add(step);
            return;
        }

        foreach (GenerationStep earlier in _held)
            _steps.Writer.TryWrite(earlier);
        _held.Clear();
        _steps.Writer.TryWrite(step);
        if (step.Finish is not null)
            Complete();
    }

    /// <summary>Ends it without another token.</summary>
    public void Finish(FinishReason reason) => Write(new GenerationStep { Text = Rest(), Finish = reason });

    /// <summary>Ends it by an error, or because nobody waits for it any more.</summary>
    public void Complete(Exception? error = null)
    {
        IsDone = true;
        _steps.Writer.TryComplete(error);
        Listening.Unregister();
    }

    private static TokenProbability ProbabilityOf<T>(ReadOnlySpan<T> logits, int id, int count)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        double sum = LogSumExp.Of(logits);
        double probability = id < logits.Length ? double.CreateChecked(logits[id]) - sum : double.NegativeInfinity;
        return new TokenProbability(id, probability, count == 0 ? [] : NextToken.Likeliest(logits, count));
    }

    private string Rest() => _text is null ? "" : _text.Finish().ToString();
}
