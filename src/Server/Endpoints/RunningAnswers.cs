using System.Threading.Channels;
using MiniGpt.Model.Generation;
using MiniGpt.Server.Http;

namespace MiniGpt.Server.Endpoints;

/// <summary>The answers to a request while they are written, each numbered as the client sees it.</summary>
/// <param name="Readers">What comes of each.</param>
/// <param name="PromptTokens">How many tokens the prompts have, each counted once.</param>
internal sealed record RunningAnswers(IReadOnlyList<ChannelReader<GenerationStep>> Readers, int PromptTokens)
{
    // Between two pieces of an answer: nobody reads faster, and each that is sent by itself takes time from the texts of all.
    private const int LeastMilliseconds = 2;

    /// <summary>Begins to write samples of some prompts.</summary>
    /// <param name="model">The model.</param>
    /// <param name="prompts">One request for each prompt.</param>
    /// <param name="samples">How many answers each gets.</param>
    /// <param name="cancellationToken">Ends all of them.</param>
    /// <exception cref="ApiException">Too many wait already, or a prompt has no room.</exception>
    public static RunningAnswers Start(ServedModel model, IReadOnlyList<GenerationRequest> prompts, int samples, CancellationToken cancellationToken)
    {
        GenerationService<float> service = model.RequireGeneration();
        foreach (GenerationRequest prompt in prompts)
        {
            if (prompt.Prompt.Count > model.Config.Context)
            {
                throw new ApiException(400,
                    $"the prompt has {prompt.Prompt.Count} tokens, more than the model's context of {model.Config.Context}", code: "context_length_exceeded");
            }
        }

        List<ChannelReader<GenerationStep>> readers = [];
        foreach (GenerationRequest prompt in prompts)
        {
            GenerationRequest[] requests = [.. Enumerable.Range(0, samples).Select(sample => prompt with { Sample = sample })];
            readers.AddRange(service.TryStart(requests, cancellationToken) ?? throw ApiException.Busy());
        }

        return new RunningAnswers(readers, prompts.Sum(prompt => prompt.Prompt.Count));
    }

    /// <summary>All answers to their ends.</summary>
    public Task<WholeAnswer[]> ReadAll(CancellationToken cancellationToken) =>
        Task.WhenAll(Readers.Select(async reader =>
        {
            WholeAnswer answer = new();
            await foreach (GenerationStep step in reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
                answer.Add(step);
            return answer;
        }));

    /// <summary>The steps of all answers as they come, and whether another one is there already.</summary>
    public async IAsyncEnumerable<(int Index, GenerationStep Step, bool More)> ReadSteps(
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (Readers is [{ } only]) // on its way through another channel each token would wait once more for a thread
        {
            while (await only.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
            {
                while (only.TryRead(out GenerationStep? step))
                    yield return (0, step, only.TryPeek(out _));
                await Pause(only).ConfigureAwait(false);
            }

            yield break;
        }

        ChannelReader<(int, GenerationStep)> steps = Merged(cancellationToken);
        while (await steps.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
        {
            while (steps.TryRead(out (int Index, GenerationStep Step) item))
                yield return (item.Index, item.Step, steps.TryPeek(out _));
            await Pause(steps).ConfigureAwait(false);
        }

        // What is made in the meantime goes out together; once there is no more to come, nothing waits.
        Task Pause<TStep>(ChannelReader<TStep> of) => of.Completion.IsCompleted ? Task.CompletedTask : Task.Delay(LeastMilliseconds, cancellationToken);
    }

    private ChannelReader<(int, GenerationStep)> Merged(CancellationToken cancellationToken)
    {
        Channel<(int, GenerationStep)> merged = Channel.CreateUnbounded<(int, GenerationStep)>(new() { SingleReader = true });
        Task all = Task.WhenAll(Readers.Select(async (reader, index) =>
        {
            await foreach (GenerationStep step in reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
                merged.Writer.TryWrite((index, step));
        }));
        _ = all.ContinueWith(
            done => merged.Writer.TryComplete(done.Exception?.InnerException ?? (done.IsCanceled ? new OperationCanceledException() : null)),
            CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        return merged.Reader;
    }
}

/// <summary>An answer that is put together from its steps.</summary>
internal sealed class WholeAnswer
{
    private readonly System.Text.StringBuilder _text = new();
    private readonly HeldTokens _held = new();

    /// <summary>The text so far.</summary>
    public string Text => _text.ToString();

    /// <summary>The tokens of the text, where their probabilities were asked for.</summary>
    public List<TokenProbability> Tokens { get; } = [];

    /// <summary>The prompt's tokens, where their probabilities were asked for.</summary>
    public IReadOnlyList<TokenProbability> Prompt { get; private set; } = [];

    /// <summary>How many tokens were made.</summary>
    public int Made { get; private set; }

    /// <summary>Why it ended.</summary>
    public FinishReason Finish { get; private set; }

    /// <summary>Adds a step.</summary>
    public void Add(GenerationStep step)
    {
        _text.Append(step.Text);
        Tokens.AddRange(_held.Release(step));
        Prompt = step.Prompt ?? Prompt;
        Made += step.Id is null ? 0 : 1;
        Finish = step.Finish ?? Finish;
    }
}

/// <summary>Tokens whose characters are held back, since they could become a stop text: told with the characters, or not at all.</summary>
internal sealed class HeldTokens
{
    private readonly List<TokenProbability> _tokens = [];

    /// <summary>Takes a step.</summary>
    /// <returns>The tokens that are certain with it.</returns>
    public TokenProbability[] Release(GenerationStep step)
    {
        if (step.Probability is { } token)
            _tokens.Add(token);
        if (step.Text.Length == 0 && step.Finish != FinishReason.Length)
            return [];
        TokenProbability[] certain = [.. _tokens];
        _tokens.Clear();
        return certain;
    }
}
