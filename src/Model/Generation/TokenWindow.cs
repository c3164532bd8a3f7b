namespace MiniGpt.Model.Generation;

/// <summary>
/// What a model sees of a text: its last tokens, at most a context of them. When there are more, the last half of a context is kept and
/// numbered from position 0 again, so that the model computes it anew.
/// </summary>
/// <param name="context">T.</param>
internal sealed class TokenWindow(int context)
{
    private readonly int[] _ids = new int[context];
    private int _count;

    /// <summary>How many of the tokens the model has been given at their present positions.</summary>
    public int Given { get; private set; }

    /// <summary>All that the model sees.</summary>
    public ReadOnlySpan<int> All => _ids.AsSpan(0, _count);

    /// <summary>The tokens that the model has been given, at the positions from 0 on.</summary>
    public ReadOnlySpan<int> Known => _ids.AsSpan(0, Given);

    /// <summary>The tokens that the model is to be given next, at the positions from <see cref="Given"/> on.</summary>
    public ReadOnlySpan<int> Pending => _ids.AsSpan(Given, _count - Given);

    /// <summary>Adds tokens behind the others. Of a first text longer than the context, its end is seen.</summary>
    public void Append(ReadOnlySpan<int> ids)
    {
        if (_count == 0)
            ids = ids[Math.Max(0, ids.Length - context)..];
        else if (ids.Length > context - _count)
        {
            int half = Math.Max(1, context / 2);
            int added = Math.Min(half, ids.Length), old = half - added;
            Array.Copy(_ids, _count - old, _ids, 0, old);
            ids = ids[^added..];
            (_count, Given) = (old, 0);
        }

        ids.CopyTo(_ids.AsSpan(_count));
        _count += ids.Length;
    }

    /// <summary>Says that the model has been given what was pending.</summary>
    public void MarkGiven() => Given = _count;

    /// <summary>Says that the model has been given the first of what was pending, or has it from another text.</summary>
    public void MarkGiven(int count) => Given += count;
}
