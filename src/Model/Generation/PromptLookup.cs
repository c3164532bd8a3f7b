namespace MiniGpt.Model.Generation;

/// <summary>
/// Guesses how a text goes on: as it did where it said the same before. A model takes a token and its guessed successors in one go, and where its
/// weights come from memory that takes hardly longer than the token alone; each token is then drawn as ever, from the same logits with the same
/// random number, and a guess that is another token was for nothing. So the text is the same, to the last token, with guesses and without.
/// </summary>
/// <remarks>
/// Speculative decoding (Leviathan, Kalman and Matias 2023, <see href="https://arxiv.org/abs/2211.17192"/>), with the text itself in place of a
/// smaller model: prompt lookup (Saxena 2023).
/// </remarks>
internal sealed class PromptLookup
{
    /// <summary>The most tokens that are guessed at once: with the one before them as many as a product takes in one go.</summary>
    public const int Most = 5;

    // A shorter beginning says too little about what follows it.
    private const int Shortest = 3;
    private const int Longest = 16;
    private const int LongestPause = 32;

    private int _pause;
    private int _wait;

    /// <summary>How many tokens were guessed.</summary>
    public long Guessed { get; private set; }

    /// <summary>How many of them were right.</summary>
    public long Right { get; private set; }

    /// <summary>Guesses the next tokens.</summary>
    /// <param name="text">All that there is of the text.</param>
    /// <param name="guesses">Where they are written: as many at most as this has room for, and <see cref="Most"/>.</param>
    /// <returns>How many there are: the longer the end of the text that was there before, the more.</returns>
    public int Guess(ReadOnlySpan<int> text, Span<int> guesses)
    {
        if (_wait > 0)
        {
            _wait--;
            return 0;
        }

        (int same, int next) = (Shortest - 1, 0);
        for (int end = text.Length - 1; end >= Shortest && same < Longest; end--)
        {
            int length = CommonEnd(text[..end], text);
            if (length > same)
                (same, next) = (length, end);
        }

        if (next == 0)
            return 0;
        int count = Math.Min(Math.Min(same - 1, Most), guesses.Length);
        for (int i = 0; i < count; i++)
            guesses[i] = next + i < text.Length ? text[next + i] : guesses[next + i - text.Length]; // a text that goes round in a circle
        return count;
    }

    /// <summary>
    /// Says what became of guesses. Where fewer than half of them were right it pauses, the longer the more often that was so in a row: tokens that
    /// are taken along for nothing cost something too.
    /// </summary>
    public void Tell(int guessed, int right)
    {
        Guessed += guessed;
        Right += right;
        if (guessed == 0)
            return;
        _pause = 2 * right >= guessed ? 0 : Math.Min(2 * _pause + 1, LongestPause);
        _wait = _pause;
    }

    private static int CommonEnd(ReadOnlySpan<int> text, ReadOnlySpan<int> other)
    {
        int length = 0, most = Math.Min(text.Length, Longest);
        while (length < most && text[^(length + 1)] == other[^(length + 1)])
            length++;
        return length;
    }
}
