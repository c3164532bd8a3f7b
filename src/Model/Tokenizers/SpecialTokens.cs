using System.Buffers;
using System.Text;

namespace MiniGpt.Model.Tokenizers;

/// <summary>
/// Tokens such as &lt;|endoftext|&gt;, which are found in a text as a whole before anything else happens to it: in one pass, however many
/// they are.
/// </summary>
internal sealed class SpecialTokens
{
    private readonly Dictionary<byte[], int> _idOf = new(BytesComparer.Instance);
    private readonly HashSet<int> _ids;
    private readonly ByteTrie _trie = new();
    private readonly SearchValues<byte> _firstBytes;

    /// <exception cref="ArgumentException">A token has no bytes, or two have the same.</exception>
    public SpecialTokens(IReadOnlyList<(int Id, byte[] Bytes)> tokens)
    {
        _ids = [.. tokens.Select(token => token.Id)];
        foreach ((int id, byte[] bytes) in tokens)
        {
            Require.That(bytes.Length > 0, $"the special token {id} is empty");
            Require.That(_idOf.TryAdd(bytes, id), $"the special token \"{Encoding.UTF8.GetString(bytes)}\" is there twice");
            _trie.Add(bytes, id);
            LongestLength = Math.Max(LongestLength, bytes.Length);
        }
        _firstBytes = SearchValues.Create([.. tokens.Select(token => token.Bytes[0]).Distinct()]);
        Ids = [.. _ids.Order()];
    }

    /// <summary>Their ids, ascending.</summary>
    public IReadOnlyList<int> Ids { get; }

    /// <summary>The bytes of the longest one; 0 without any.</summary>
    public int LongestLength { get; }

    public bool Contains(int id) => _ids.Contains(id);

    /// <summary>The id of a special token; null where it is none.</summary>
    public int? IdOf(byte[] bytes) => _idOf.TryGetValue(bytes, out int id) ? id : null;

    /// <summary>Whether a text begins with a special token.</summary>
    public bool StartsAt(ReadOnlySpan<byte> text) => _trie.Longest(text, out _) > 0;

    /// <summary>Every special token in a text, from left to right; where several begin at one place, the longest.</summary>
    public List<(int Start, int Id)> Find(ReadOnlySpan<byte> text)
    {
        List<(int Start, int Id)> found = [];
        if (_ids.Count == 0)
            return found;
        for (int at = 0; text[at..].IndexOfAny(_firstBytes) is var offset and >= 0;)
        {
            at += offset;
            int length = _trie.Longest(text[at..], out int id);
            if (length > 0)
                found.Add((at, id));
            at += Math.Max(1, length);
        }
        return found;
    }
}
