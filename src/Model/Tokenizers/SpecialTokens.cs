using System.Text;

namespace MiniGpt.Model.Tokenizers;

/// <summary>Tokens such as &lt;|endoftext|&gt;, which are found in a text as a whole before anything else happens to it.</summary>
internal sealed class SpecialTokens
{
    private readonly (int Id, byte[] Bytes)[] _tokens;
    private readonly HashSet<int> _ids;

    /// <exception cref="ArgumentException">A token has no bytes, or two have the same.</exception>
    public SpecialTokens(IReadOnlyList<(int Id, byte[] Bytes)> tokens)
    {
        _tokens = [.. tokens.OrderBy(token => token.Id)];
        _ids = [.. _tokens.Select(token => token.Id)];
        HashSet<byte[]> seen = new(BytesComparer.Instance);
        foreach ((int id, byte[] bytes) in _tokens)
        {
            Require.That(bytes.Length > 0, $"the special token {id} is empty");
            Require.That(seen.Add(bytes), $"the special token \"{Encoding.UTF8.GetString(bytes)}\" is there twice");
            LongestLength = Math.Max(LongestLength, bytes.Length);
        }
        Ids = [.. _tokens.Select(token => token.Id)];
    }

    /// <summary>Their ids, ascending.</summary>
    public IReadOnlyList<int> Ids { get; }

    /// <summary>The bytes of the longest one; 0 without any.</summary>
    public int LongestLength { get; }

    public bool Contains(int id) => _ids.Contains(id);

    /// <summary>The id of a special token; null where it is none.</summary>
    public int? IdOf(ReadOnlySpan<byte> bytes)
    {
        foreach ((int id, byte[] other) in _tokens)
        {
            if (bytes.SequenceEqual(other))
                return id;
        }
        return null;
    }

    /// <summary>Every special token in a text, from left to right; where several begin at one place, the longest.</summary>
    public List<(int Start, int Id)> Find(ReadOnlySpan<byte> text)
    {
        List<(int Start, int Id)> found = [];
        Span<int> next = _tokens.Length <= 64 ? stackalloc int[_tokens.Length] : new int[_tokens.Length];
        next.Fill(-1); // where each of them stands next; looked for again only where that was passed
        for (int at = 0; ;)
        {
            int start = text.Length, first = -1;
            for (int i = 0; i < next.Length; i++)
            {
                if (next[i] < at)
                    next[i] = text[at..].IndexOf(_tokens[i].Bytes) is var offset and >= 0 ? at + offset : text.Length;
                bool isLonger = first >= 0 && next[i] == start && _tokens[i].Bytes.Length > _tokens[first].Bytes.Length;
                if (next[i] < start || isLonger)
                    (start, first) = (next[i], i);
            }
            if (first < 0)
                return found;
            found.Add((start, _tokens[first].Id));
            at = start + _tokens[first].Bytes.Length;
        }
    }
}
