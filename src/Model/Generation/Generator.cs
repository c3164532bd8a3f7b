using System.Numerics;
using System.Runtime.CompilerServices;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Tokenizers;

namespace MiniGpt.Model.Generation;

/// <summary>
/// Continues texts. It keeps nothing between two of them: one generator, or several of one model, can serve any number of threads at once.
/// </summary>
/// <param name="model">The model; fastest where it is laid out to be read, <see cref="Decoder{T}.ForReading()"/>.</param>
/// <param name="tokenizer">Turns text to ids and back; without one there are only ids.</param>
public sealed class Generator<T>(Decoder<T> model, ITokenizer? tokenizer = null)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>A generator with a model as it was read from a folder, its matrices laid out to be read.</summary>
    public Generator(LoadedModel<T> model)
        : this(model.Model.ForReading(), model.Tokenizer)
    {
    }

    /// <summary>
    /// Continues a prompt without end. When more tokens than the context holds have come together, the last half of a context is kept and
    /// renumbered from position 0.
    /// </summary>
    /// <param name="prompt">The ids to continue, at least one; of a prompt longer than the context, its end.</param>
    /// <param name="options">How tokens are chosen.</param>
    /// <param name="sample">The number of this sample: each draws other random numbers.</param>
    /// <returns>New ids, as they are made.</returns>
    /// <exception cref="ArgumentException">The prompt is empty, an id is outside of the vocabulary, or an option makes no sense.</exception>
    public IEnumerable<int> Generate(IReadOnlyList<int> prompt, SamplingOptions options, int sample = 0)
    {
        options.Validate();
        Require.That(prompt.Count > 0, $"a prompt must have at least one token");
        foreach (int id in prompt)
            model.RequireId(id);

        return Continue([.. prompt], options, sample);
    }

    /// <summary>Continues a text, piece by piece as it is made. The work is done on threads of the pool, not on the caller's.</summary>
    /// <param name="prompt">The text to continue; an empty one starts as <see cref="Prompt.Start"/> says.</param>
    /// <param name="options">How tokens are chosen; null for the defaults.</param>
    /// <param name="tokens">How many tokens to make at most.</param>
    /// <param name="stops">Texts that end it; they are not part of it.</param>
    /// <param name="cancellationToken">Ends it between two tokens.</param>
    /// <returns>Whole characters, one or several at a time.</returns>
    /// <exception cref="ArgumentException">
    /// An option makes no sense, the vocabulary does not have a character of the prompt, or there is no tokenizer.
    /// </exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public IAsyncEnumerable<string> StreamAsync(
        string prompt, SamplingOptions? options = null, int tokens = 200, IReadOnlyList<string>? stops = null,
        CancellationToken cancellationToken = default)
    {
        options ??= new SamplingOptions();
        options.Validate();
        Require.NotNegative(tokens, "number of tokens");
        Require.That(tokenizer is not null, $"there is no tokenizer to write text with");
        SampleText text = new(tokenizer!, stops, isTextStart: prompt.Length == 0);
        return Continue(Prompt.Of(prompt, model.Config, tokenizer!), options, tokens, text, cancellationToken);
    }

    private IEnumerable<int> Continue(int[] prompt, SamplingOptions options, int sample)
    {
        using TokenStreams<T> streams = new(model, options, count: 1, firstSample: sample, tokenizer?.VocabularySize);
        streams.Append(prompt);
        while (true)
            yield return streams.Next()[0];
    }

    private async IAsyncEnumerable<string> Continue(
        int[] prompt, SamplingOptions options, int tokens, SampleText text, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using TokenStreams<T> streams = new(model, options, tokens: tokenizer?.VocabularySize);
        streams.Append(prompt);
        Func<string> next = () => text.Append(streams.Next()[0]).ToString();
        for (int made = 0; made < tokens && !text.IsStopped; made++)
        {
            string piece = await Task.Run(next, cancellationToken).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            if (piece.Length > 0)
                yield return piece;
        }

        string rest = text.Finish().ToString();
        if (rest.Length > 0)
            yield return rest;
    }
}
