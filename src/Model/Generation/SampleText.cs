using MiniGpt.Model.Tokenizers;

namespace MiniGpt.Model.Generation;

/// <summary>
/// Makes the text of one sample from its ids as they come: whole characters only, and nothing from a stop text on, wherever the borders of
/// tokens lie. What could still become a stop text is held back until it is decided.
/// </summary>
public sealed class SampleText
{
    private readonly StreamingDecoder _decoder;
    private readonly IReadOnlyList<string> _stops;
    private char[] _held = new char[64];
    private int _count;
    private int _handedOut;

    /// <summary>Begins a text.</summary>
    /// <param name="tokenizer">Whose ids these are.</param>
    /// <param name="stops">The texts that end it; they are not part of it.</param>
    /// <param name="isTextStart">Whether the first id begins a text, rather than going on with a prompt.</param>
    /// <exception cref="ArgumentException">A stop text is empty.</exception>
    public SampleText(ITokenizer tokenizer, IReadOnlyList<string>? stops = null, bool isTextStart = false)
    {
        _stops = stops ?? [];
        Check(_stops);
        _decoder = new StreamingDecoder(tokenizer, isTextStart);
    }

    /// <summary>Whether a stop text has come: the text is at its end.</summary>
    public bool IsStopped { get; private set; }

    /// <summary>Throws where a stop text makes no sense.</summary>
    /// <exception cref="ArgumentException">A stop text is empty.</exception>
    public static void Check(IReadOnlyList<string> stops)
    {
        foreach (string stop in stops)
            Require.That(stop.Length > 0, $"a stop text must have at least one character");
    }

    /// <summary>Takes the next id.</summary>
    /// <returns>The characters that are certain with it, none or several; they stand until the next call.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The id is not in the vocabulary.</exception>
    public ReadOnlySpan<char> Append(int id) => Append(_decoder.Append(id), isEnd: false);

    /// <summary>Ends the text, stopped or not.</summary>
    /// <returns>What was held back.</returns>
    public ReadOnlySpan<char> Finish() => Append(_decoder.Finish(), isEnd: true);

    private ReadOnlySpan<char> Append(ReadOnlySpan<char> piece, bool isEnd)
    {
        if (IsStopped)
            return [];

        Hold(piece);
        ReadOnlySpan<char> text = _held.AsSpan(0, _count);
        int end = text.Length;
        foreach (string stop in _stops)
        {
            int at = text.IndexOf(stop, StringComparison.Ordinal);
            if (at >= 0 && at < end)
                (end, IsStopped) = (at, true);
        }

        _handedOut = IsStopped || isEnd ? end : text.Length - LongestBeginning(text);
        return text[.._handedOut];
    }

    /// <summary>Forgets what was handed out by the last call, and puts a piece behind the rest.</summary>
    private void Hold(ReadOnlySpan<char> piece)
    {
        _held.AsSpan(_handedOut, _count - _handedOut).CopyTo(_held);
        _count -= _handedOut;
        _handedOut = 0;
        if (_count + piece.Length > _held.Length)
            Array.Resize(ref _held, 2 * (_count + piece.Length));

        piece.CopyTo(_held.AsSpan(_count));
        _count += piece.Length;
    }

    /// <summary>How many characters at the end of a text are the beginning of a stop text.</summary>
    private int LongestBeginning(ReadOnlySpan<char> text)
    {
        int longest = 0;
        foreach (string stop in _stops)
        {
            for (int length = Math.Min(stop.Length - 1, text.Length); length > longest; length--)
            {
                if (text.EndsWith(stop.AsSpan(0, length), StringComparison.Ordinal))
                    longest = length;
            }
        }

        return longest;
    }
}
