using System.Text;

namespace MiniGpt.Model.Tokenizers;

/// <summary>Tokens such as &lt;|endoftext|&gt;, which are found in a text as a whole before anything else happens to it.</summary>
internal sealed class SpecialTokens
{
    private readonly TokenTable _tokens;
    private readonly int[] _ids;
    private readonly HashSet<int> _set;

    /// <exception cref="ArgumentException">An id is not in the vocabulary, or two special tokens are the same.</exception>
    public SpecialTokens(TokenTable tokens, IEnumerable<int> ids)
    {
        _tokens = tokens;
        _set = [.. ids];
        _ids = [.. _set.Order()];
        HashSet<byte[]> seen = new(BytesComparer.Instance);
        foreach (int id in _ids)
        {
            Require.That((uint)id < (uint)tokens.Count, $"the special token {id} is not in a vocabulary of {tokens.Count}");
            Require.That(seen.Add(tokens[id].ToArray()), $"the special token {id}, \"{Encoding.UTF8.GetString(tokens[id])}\", is there twice");
            LongestLength = Math.Max(LongestLength, tokens[id].Length);
        }
    }

    public IReadOnlyList<int> Ids => _ids;

    /// <summary>The bytes of the longest one; 0 without any.</summary>
    public int LongestLength { get; }

    public bool Contains(int id) => _set.Contains(id);

    /// <summary>The id of a special token; null where it is none.</summary>
    public int? IdOf(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        foreach (int id in _ids)
        {
            if (_tokens[id].SequenceEqual(bytes))
                return id;
        }
        return null;
    }

    /// <summary>Every special token in a text, from left to right; where several begin at one place, the longest.</summary>
    public List<(int Start, int Id)> Find(ReadOnlySpan<byte> text)
    {
        List<(int Start, int Id)> found = [];
        Span<int> next = _ids.Length <= 64 ? stackalloc int[_ids.Length] : new int[_ids.Length];
        next.Fill(-1); // where each of them stands next; looked for again only where that was passed
        for (int at = 0; ;)
        {
            (int start, int id) first = (text.Length, -1);
            for (int i = 0; i < next.Length; i++)
            {
                if (next[i] < at)
                    next[i] = text[at..].IndexOf(_tokens[_ids[i]]) is var offset and >= 0 ? at + offset : text.Length;
                bool isLonger = next[i] == first.start && first.id >= 0 && _tokens[_ids[i]].Length > _tokens[first.id].Length;
                if (next[i] < first.start || isLonger)
                    first = (next[i], _ids[i]);
            }
            if (first.id < 0)
                return found;
            found.Add(first);
            at = first.start + _tokens[first.id].Length;
        }
    }
}
