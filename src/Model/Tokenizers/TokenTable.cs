using System.Security.Cryptography;

namespace MiniGpt.Model.Tokenizers;

/// <summary>The bytes of every token of a vocabulary, in one piece of memory.</summary>
internal sealed class TokenTable
{
    private readonly byte[] _bytes;
    private readonly int[] _starts;

    /// <exception cref="ArgumentException">There is no token, or one has no bytes.</exception>
    public TokenTable(IReadOnlyList<byte[]> tokens)
    {
        Require.That(tokens.Count > 0, $"a vocabulary needs at least one token");
        _starts = new int[tokens.Count + 1];
        for (int id = 0; id < tokens.Count; id++)
        {
            Require.That(tokens[id].Length > 0, $"token {id} has no bytes");
            _starts[id + 1] = checked(_starts[id] + tokens[id].Length);
        }
        _bytes = new byte[_starts[^1]];
        for (int id = 0; id < tokens.Count; id++)
            tokens[id].CopyTo(_bytes, _starts[id]);
    }

    public int Count => _starts.Length - 1;

    /// <exception cref="ArgumentOutOfRangeException">The id is not in the vocabulary.</exception>
    public ReadOnlySpan<byte> this[int id]
    {
        get
        {
            if ((uint)id >= (uint)Count)
                throw new ArgumentOutOfRangeException(nameof(id), $"the id {id} is not in a vocabulary of {Count}");
            return _bytes.AsSpan(_starts[id], _starts[id + 1] - _starts[id]);
        }
    }

    /// <exception cref="ArgumentOutOfRangeException">An id is not in the vocabulary.</exception>
    public byte[] Concatenate(ReadOnlySpan<int> ids)
    {
        long length = 0;
        foreach (int id in ids)
            length += this[id].Length;
        byte[] text = new byte[length];
        Span<byte> rest = text;
        foreach (int id in ids)
        {
            this[id].CopyTo(rest);
            rest = rest[this[id].Length..];
        }
        return text;
    }

    /// <summary>Adds all tokens to a hash, each with its length.</summary>
    public void AddTo(IncrementalHash hash)
    {
        hash.AppendData(System.Runtime.InteropServices.MemoryMarshal.AsBytes<int>(_starts));
        hash.AppendData(_bytes);
    }
}
