namespace MiniGpt.Model.Tokenizers;

/// <summary>Encodes word after word and remembers the ids of those that it saw last. Used by one thread at a time.</summary>
internal abstract class WordEncoder
{
    private readonly WordCache _cache = new();

    /// <summary>Writes the ids of a word of a text; there is room for one a byte. Returns how many they are.</summary>
    /// <exception cref="TextEncodingException">The vocabulary cannot say the word.</exception>
    public int Encode(ReadOnlySpan<byte> text, int start, int length, Span<int> ids)
    {
        WordCache.Key key = WordCache.KeyOf(text[start..], length);
        if (!_cache.TryGet(key, ids, out int count))
        {
            count = EncodeNew(text, start, length, ids);
            _cache.Add(key, ids[..count]);
        }
        return count;
    }

    /// <summary>The same for a word that is not remembered.</summary>
    protected abstract int EncodeNew(ReadOnlySpan<byte> text, int start, int length, Span<int> ids);
}
