namespace MiniGpt.Model.Data;

/// <summary>
/// A text as back-to-back windows of the context length, so that every token but the first is predicted exactly once. Only the last
/// window can be shorter.
/// </summary>
public sealed class EvaluationWindows
{
    private readonly TokenSource _tokens;
    private readonly int _context;

    /// <summary>The windows of a text.</summary>
    /// <exception cref="ArgumentException">The text has fewer than two tokens: nothing follows anything.</exception>
    public EvaluationWindows(TokenSource tokens, int context)
    {
        Require.Positive(context, "context");
        Require.That(tokens.Length > 1, $"a text of {tokens.Length} tokens is too short: an evaluation needs at least 2");
        _tokens = tokens;
        _context = context;
    }

    /// <summary>How many tokens are predicted: all but the first.</summary>
    public long Predictions => _tokens.Length - 1;

    /// <summary>How many windows there are.</summary>
    public long Count => (Predictions + _context - 1) / _context;

    /// <summary>How many of them have the whole context length: all, or all but the last.</summary>
    public long FullCount => Predictions / _context;

    /// <summary>The length of a window.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such window.</exception>
    public int LengthOf(long window)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(window);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(window, Count);
        return (int)Math.Min(_context, Predictions - window * _context);
    }

    /// <summary>
    /// Fills the inputs and targets of one window or several, beginning with <paramref name="firstWindow"/>: B·T numbers for B full
    /// windows, or the length of the last window for it.
    /// </summary>
    /// <exception cref="ArgumentException">The spans differ in length, or begin or end within a window.</exception>
    public void Fill(long firstWindow, Span<int> inputs, Span<int> targets)
    {
        int first = LengthOf(firstWindow);
        Require.That(inputs.Length == targets.Length && inputs.Length > 0 && inputs.Length % first == 0
            && inputs.Length <= Predictions - firstWindow * _context,
            $"windows of {first} tokens do not fill spans of {inputs.Length} and {targets.Length}");
        _tokens.Read(firstWindow * _context, inputs);
        _tokens.Read(firstWindow * _context + 1, targets);
    }
}
