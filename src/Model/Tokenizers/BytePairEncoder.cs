namespace MiniGpt.Model.Tokenizers;

/// <summary>Encodes text with a vocabulary; used by one thread at a time, for which it keeps its memory and the words that it has seen.</summary>
internal sealed class BytePairEncoder(BytePairTokenizer tokenizer) : WordEncoder
{
    private const int LongestScanned = 96; // tokens up to which looking at all pairs is quicker than keeping them in a queue

    private readonly MergeQueue _queue = new(tokenizer.MergeTable, tokenizer.ResultOf);
    private readonly List<Range> _pieces = [];

    /// <summary>Writes the ids of a text that has no special tokens; there is room for one a byte. Returns how many they are.</summary>
    /// <exception cref="TextEncodingException">A byte is not in the vocabulary.</exception>
    public int Encode(ReadOnlySpan<byte> text, Span<int> ids)
    {
        int count = 0;
        if (tokenizer.Options.PreTokenizer != PreTokenizer.Gpt2)
        {
            _pieces.Clear();
            tokenizer.Options.PreTokenizer.Cut(text, _pieces);
            foreach (Range piece in _pieces)
                count += Encode(text, piece.Start.Value, piece.End.Value - piece.Start.Value, ids[count..]);
            return count;
        }
        for (int at = 0, length; at < text.Length; at += length)
        {
            length = Gpt2PreTokenizer.Next(text[at..]);
            count += Encode(text, at, length, ids[count..]);
        }
        return count;
    }

    protected override int EncodeNew(ReadOnlySpan<byte> text, int start, int length, Span<int> ids)
    {
        ReadOnlySpan<byte> piece = text.Slice(start, length);
        if (tokenizer.Options.IgnoresMerges && tokenizer.TryGetId(piece, out int whole))
        {
            ids[0] = whole;
            return 1;
        }
        ReadOnlySpan<int> byteIds = tokenizer.ByteIds;
        for (int i = 0; i < piece.Length; i++)
        {
            if (byteIds[piece[i]] < 0)
                throw new TextEncodingException($"the byte 0x{piece[i]:X2}", text[..(start + i)], "is not in the vocabulary");
            ids[i] = byteIds[piece[i]];
        }
        return piece.Length <= LongestScanned ? MergeScanning(ids[..piece.Length]) : _queue.Merge(ids[..piece.Length]);
    }

    /// <summary>Merges a short sequence of tokens in place: looks for the first learned pair among all, until there is none.</summary>
    private int MergeScanning(Span<int> ids)
    {
        MergeTable merges = tokenizer.MergeTable;
        Span<int> ranks = stackalloc int[LongestScanned];
        int count = ids.Length;
        for (int i = 0; i + 1 < count; i++)
            ranks[i] = merges.RankOf(ids[i], ids[i + 1]);
        while (count > 1)
        {
            int best = 0;
            for (int i = 1; i < count - 1; i++)
            {
                if (ranks[i] < ranks[best])
                    best = i;
            }
            if (ranks[best] == MergeTable.None)
                break;
            ids[best] = tokenizer.ResultOf(ranks[best]);
            ids[(best + 2)..count].CopyTo(ids[(best + 1)..]);
            ranks[(best + 1)..(count - 1)].CopyTo(ranks[best..]);
            count--;
            if (best > 0)
                ranks[best - 1] = merges.RankOf(ids[best - 1], ids[best]);
            if (best < count - 1)
                ranks[best] = merges.RankOf(ids[best], ids[best + 1]);
        }
        return count;
    }
}
