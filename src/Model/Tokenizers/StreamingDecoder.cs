using System.Text;

namespace MiniGpt.Model.Tokenizers;

/// <summary>
/// Turns ids into text as they come, whole characters only: the bytes of a character that is not complete yet are kept until it is.
/// Only bytes that cannot become a character are U+FFFD. Used by one thread; allocates nothing once warm.
/// </summary>
/// <param name="tokenizer">Whose ids these are.</param>
/// <param name="isTextStart">
/// Whether a text begins with the first id, rather than going on: then a space that encoding put before it is left out.
/// </param>
public sealed class StreamingDecoder(ITokenizer tokenizer, bool isTextStart = false)
{
    private bool _dropsSpace = isTextStart && tokenizer.DropsFirstSpace;
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();
    private char[] _characters = new char[64];

    /// <summary>Takes the next id.</summary>
    /// <returns>The characters that are complete with it, none or several; they stand until the next call.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The id is not in the vocabulary.</exception>
    public ReadOnlySpan<char> Append(int id)
    {
        ReadOnlySpan<byte> bytes = tokenizer.TokenBytes(id);
        if (_dropsSpace && bytes is [(byte)' ', ..])
            bytes = bytes[1..];
        _dropsSpace = false;
        return Append(bytes, isEnd: false);
    }

    /// <summary>Ends the text. The decoder can then be used for another one.</summary>
    /// <returns>U+FFFD where the last character was never completed, else nothing.</returns>
    public ReadOnlySpan<char> Finish()
    {
        _dropsSpace = isTextStart && tokenizer.DropsFirstSpace;
        return Append([], isEnd: true);
    }

    private ReadOnlySpan<char> Append(ReadOnlySpan<byte> bytes, bool isEnd)
    {
        int most = Encoding.UTF8.GetMaxCharCount(bytes.Length);
        if (_characters.Length < most)
            _characters = new char[2 * most];
        return _characters.AsSpan(0, _decoder.GetChars(bytes, _characters, isEnd));
    }
}
