using System.Buffers;

namespace MiniGpt.Model.Tokenizers;

/// <summary>Turns text into token ids and back. A tokenizer does not change: several threads may use one at once.</summary>
public interface ITokenizer
{
    /// <summary>What makes a token: "char", "word", "bpe", "sentencepiece", "unigram" or "wordpiece".</summary>
    string Kind { get; }

    /// <summary>V: ids are 0 to V - 1.</summary>
    int VocabularySize { get; }

    /// <summary>The id of &lt;|endoftext|&gt;, which stands between documents; null where the vocabulary has none.</summary>
    int? EndOfTextId { get; }

    /// <summary>
    /// The ids that a model of this vocabulary expects before and behind a whole text, as &lt;s&gt; or [CLS] and [SEP]. Encoding does not write
    /// them: who gives a text to a model does.
    /// </summary>
    TextEnds Ends { get; }

    /// <summary>
    /// Whether tokens say of a text that begins with a word that it begins with a space: decoding a whole text leaves that space out.
    /// </summary>
    bool DropsFirstSpace { get; }

    /// <summary>
    /// A SHA-256, in hexadecimal, of everything that decides which ids a text has: equal for tokenizers that do the same.
    /// </summary>
    string Hash { get; }

    /// <summary>The ids of a text. The text of a special token gives its id.</summary>
    /// <exception cref="TextEncodingException">
    /// The text holds what the vocabulary cannot say, or half of a surrogate pair; one line says what and where.
    /// </exception>
    int[] Encode(ReadOnlySpan<char> text);

    /// <summary>The ids of a text in UTF-8. Bytes that are no UTF-8 are kept by byte-level tokenizers and are U+FFFD to others.</summary>
    /// <exception cref="TextEncodingException">The text holds what the vocabulary cannot say; one line says what and where.</exception>
    int[] EncodeUtf8(ReadOnlySpan<byte> text);

    /// <summary>Writes the ids of the next block of a long text.</summary>
    /// <param name="text">The block, in UTF-8: what the last call did not read, and then more.</param>
    /// <param name="ids">Takes the ids.</param>
    /// <param name="isFinalBlock">Whether the text ends with this block, which is then read whole.</param>
    /// <param name="isFirstBlock">Whether the text begins with this block.</param>
    /// <returns>
    /// How many bytes were read. What follows could still become part of another token; 0 where that is the whole block: a longer one is
    /// needed.
    /// </returns>
    /// <exception cref="TextEncodingException">The block holds what the vocabulary cannot say.</exception>
    int EncodeUtf8(ReadOnlySpan<byte> text, IBufferWriter<int> ids, bool isFinalBlock, bool isFirstBlock);

    /// <summary>The bytes of one token. Alone they need not be UTF-8.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The id is not in the vocabulary.</exception>
    ReadOnlySpan<byte> TokenBytes(int id);

    /// <summary>The bytes of ids that are a whole text.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An id is not in the vocabulary.</exception>
    byte[] DecodeBytes(ReadOnlySpan<int> ids);

    /// <summary>The text of ids that are a whole text. Bytes that are no UTF-8 become U+FFFD. <see cref="StreamingDecoder"/> decodes ids as they come.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An id is not in the vocabulary.</exception>
    string Decode(ReadOnlySpan<int> ids);

    /// <summary>The text of one token, as a table or a picture shows it: bytes that are no UTF-8 by themselves as \xE3.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The id is not in the vocabulary.</exception>
    string TokenText(int id);
}

/// <summary>The ids round a whole text.</summary>
/// <param name="Before">The ids before it.</param>
/// <param name="Behind">The ids behind it.</param>
public sealed record TextEnds(IReadOnlyList<int> Before, IReadOnlyList<int> Behind)
{
    /// <summary>No ids on either side.</summary>
    public static TextEnds None { get; } = new([], []);
}
