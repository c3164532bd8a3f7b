using System.Numerics;
using MiniGpt.Model.Architectures;
using MiniGpt.Tensors;

namespace MiniGpt.Model.Generation;

/// <summary>
/// Several continuations of one text, token after token: the weights are read once for all of them. What each of them is does not depend
/// on the others. Not safe for use from several threads at once, but any number of these can share one model.
/// </summary>
public sealed class TokenStreams<T> : IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Decoder<T> _model;
    private readonly IncrementalDecoder<T> _decoder;
    private readonly List<TokenSequence> _streams = [];
    private readonly Tensor<T> _logits;
    private readonly int[] _next;
    private readonly int _tokens;
    private readonly PromptLookup? _lookup;

    // A token and what is guessed to follow it, the logits behind each of these, and how many of the guesses have been right.
    private readonly int[] _ahead = new int[1 + PromptLookup.Most];
    private Tensor<T> _logitsAhead;
    private int _guessed;
    private int _right;

    /// <summary>Prepares streams, which need a text to continue: <see cref="Append"/>.</summary>
    /// <param name="model">The model.</param>
    /// <param name="options">How tokens are chosen.</param>
    /// <param name="count">How many streams.</param>
    /// <param name="firstSample">The number of the first one's sample; each number draws other random numbers.</param>
    /// <param name="tokens">
    /// How many tokens there are, where the model's vocabulary was padded beyond its tokenizer's: the spare ids are never drawn. Null for all.
    /// </param>
    /// <exception cref="ArgumentException">An option makes no sense, or there is no stream.</exception>
    public TokenStreams(Decoder<T> model, SamplingOptions options, int count = 1, int firstSample = 0, int? tokens = null)
    {
        Require.Positive(count, "number of samples");
        options.Validate();
        _model = model;
        _tokens = Math.Min(tokens ?? int.MaxValue, model.Config.VocabularySize);
        _decoder = new IncrementalDecoder<T>(model, count);
        _logits = new Tensor<T>([count, model.Config.VocabularySize]);
        _next = new int[count];
        _lookup = count == 1 && model.IsForReading && model.Config.Recurrence is null
            && model.BytesOfToken > SideBySide<T>.MostBytes ? new PromptLookup() : null;
        for (int i = 0; i < count; i++)
            _streams.Add(new TokenSequence(firstSample + i, model.Config.Context, options));
    }

    /// <summary>How many tokens were guessed to follow, since the text had said the same before, and how many of these were drawn.</summary>
    public (long Guessed, long Right) Guesses =>
        _lookup is null ? (0, 0) : (_lookup.Guessed + _guessed, _lookup.Right + _right);

    /// <summary>The numbers of the samples that go on.</summary>
    public IEnumerable<int> Samples => _streams.Select(stream => stream.Sample);

    /// <summary>Puts a text behind what is there, in every stream. Of a first text longer than the context, the end counts.</summary>
    /// <exception cref="ArgumentException">An id is outside of the vocabulary.</exception>
    public void Append(ReadOnlySpan<int> ids)
    {
        foreach (int id in ids)
            _model.RequireId(id);

        foreach (TokenSequence stream in _streams)
            stream.Append(ids);
    }

    /// <summary>Changes the temperature from here on.</summary>
    /// <exception cref="ArgumentException">It is no number from 0 up.</exception>
    public void SetTemperature(double temperature)
    {
        foreach (TokenSequence stream in _streams)
            stream.Sampler.SetTemperature(temperature);
    }

    /// <summary>The logits of the next token: [streams, V], valid until the next call of <see cref="Next"/>.</summary>
    /// <exception cref="ArgumentException">There is no text to continue.</exception>
    public Tensor<T> Logits()
    {
        Tensor<T> logits = _logits.Slice(0, 0, _streams.Count);
        int pending = _streams.Count == 0 ? 0 : _streams[0].Window.Pending.Length;
        if (pending == 0)
        {
            Require.That(_streams.Count > 0 && _streams[0].Window.Given > 0, $"there is no text to continue");
            return logits; // computed already
        }

        if (pending == 1 && _lookup is not null)
            Look(_streams[0].Window).CopyTo(logits.Span);
        else if (pending == 1)
        {
            for (int i = 0; i < _streams.Count; i++)
                _next[i] = _streams[i].Window.Pending[0];

            ReadOnlySpan<int> ids = _next.AsSpan(0, _streams.Count);
            _decoder.Logits(ids, _streams[0].Window.Given, 0, _streams.Count).Span.CopyTo(logits.Span);
        }
        else
        {
            ForgetGuesses();
            for (int i = 0; i < _streams.Count; i++)
                ComputeText(i, logits.Slice(0, i, 1).Span);
        }

        foreach (TokenSequence stream in _streams)
            stream.Window.MarkGiven();

        return logits;
    }

    /// <summary>Draws the next token of each stream, in the order of <see cref="Samples"/>.</summary>
    /// <returns>Valid until the next call.</returns>
    /// <exception cref="ArgumentException">There is no text to continue, or the model's logits are no numbers.</exception>
    public ReadOnlySpan<int> Next()
    {
        Tensor<T> logits = Logits();
        for (int i = 0; i < _streams.Count; i++)
            _next[i] = _streams[i].Draw<T>(logits.Slice(0, i, 1).Span[.._tokens]);

        return _next.AsSpan(0, _streams.Count);
    }

    /// <summary>Ends one stream, by its place in <see cref="Samples"/>; the last one takes its place.</summary>
    public void End(int index)
    {
        int last = _streams.Count - 1;
        _decoder.Copy(last, index);
        _streams[index] = _streams[last];
        _streams.RemoveAt(last);
    }

    /// <summary>Frees the memory.</summary>
    public void Dispose() => _decoder.Dispose();

    /// <summary>The logits behind the one token that is pending: they are there already where it was guessed.</summary>
    private ReadOnlySpan<T> Look(TokenWindow window)
    {
        int id = window.Pending[0];
        if (_right < _guessed && _ahead[_right + 1] == id)
            _right++;
        else
        {
            ForgetGuesses();
            int room = _model.Config.Context - window.Given - 1;
            _ahead[0] = id;
            int guessed = _lookup!.Guess(window.All, _ahead.AsSpan(1, Math.Min(PromptLookup.Most, room)));
            _logitsAhead = _decoder.Logits(_ahead.AsSpan(0, 1 + guessed), window.Given, everywhere: true);
            _guessed = guessed; // only now: what was not computed must not be taken for it
        }

        return _logitsAhead.Slice(0, _right, 1).Span;
    }

    private void ForgetGuesses()
    {
        _lookup?.Tell(_guessed, _right);
        (_guessed, _right) = (0, 0);
    }

    /// <summary>A prompt, or a window that starts anew: texts that equal the one before are not computed again.</summary>
    private void ComputeText(int index, Span<T> logits)
    {
        TokenWindow window = _streams[index].Window;
        if (index > 0 && window.Pending.SequenceEqual(_streams[index - 1].Window.Pending)
            && window.Given == 0 && _streams[index - 1].Window.Given == 0)
        {
            _decoder.Copy(index - 1, index);
            _logits.Slice(0, index - 1, 1).Span.CopyTo(logits);
            return;
        }

        _decoder.Logits(window.Pending, window.Given, index).Span.CopyTo(logits);
    }
}
