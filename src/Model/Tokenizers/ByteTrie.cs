namespace MiniGpt.Model.Tokenizers;

/// <summary>Byte strings with a number each, found at a place of a text by walking from byte to byte.</summary>
internal sealed class ByteTrie
{
    private const int None = -1;

    private readonly Dictionary<(int Node, byte Next), int> _children = [];
    private readonly int[] _firstChildren = new int[256]; // of the root, from which every walk begins
    private readonly List<int> _values = [None];

    public ByteTrie() => Array.Fill(_firstChildren, None);

    /// <summary>Adds a string; one that was there before gets the new number.</summary>
    public void Add(ReadOnlySpan<byte> bytes, int value)
    {
        int node = 0;
        foreach (byte next in bytes)
        {
            int child = Child(node, next);
            if (child == None)
            {
                child = _values.Count;
                _values.Add(None);
                if (node == 0)
                    _firstChildren[next] = child;
                else
                    _children.Add((node, next), child);
            }
            node = child;
        }
        _values[node] = value;
    }

    /// <summary>The length of the longest string that a text begins with, and its number; 0 where it begins with none.</summary>
    public int Longest(ReadOnlySpan<byte> text, out int value)
    {
        int longest = 0, node = 0;
        value = None;
        for (int at = 0; at < text.Length && (node = Child(node, text[at])) != None; at++)
        {
            if (_values[node] != None)
                (longest, value) = (at + 1, _values[node]);
        }
        return longest;
    }

    /// <summary>Writes every string that a text begins with, the shortest first, and returns how many they are.</summary>
    /// <param name="text">The text.</param>
    /// <param name="found">Takes lengths and numbers; room for as many as the text has bytes.</param>
    public int All(ReadOnlySpan<byte> text, Span<(int Length, int Value)> found)
    {
        int count = 0, node = 0;
        for (int at = 0; at < text.Length && (node = Child(node, text[at])) != None; at++)
        {
            if (_values[node] != None)
                found[count++] = (at + 1, _values[node]);
        }
        return count;
    }

    private int Child(int node, byte next)
    {
        if (node == 0)
            return _firstChildren[next];
        return _children.TryGetValue((node, next), out int child) ? child : None;
    }
}
