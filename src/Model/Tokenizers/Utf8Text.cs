using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace MiniGpt.Model.Tokenizers;

/// <summary>Strings as UTF-8, which all tokenizers read.</summary>
internal static class Utf8Text
{
    public delegate T Use<T>(ReadOnlySpan<byte> utf8);

    /// <summary>Gives the UTF-8 of a text to a function.</summary>
    /// <exception cref="TextEncodingException">The text holds half of a surrogate pair; the message says where.</exception>
    public static T With<T>(ReadOnlySpan<char> text, Use<T> use)
    {
        byte[] bytes = ArrayPool<byte>.Shared.Rent(Encoding.UTF8.GetMaxByteCount(text.Length));
        try
        {
            if (Utf8.FromUtf16(text, bytes, out int read, out int written, replaceInvalidSequences: false) == OperationStatus.Done)
                return use(bytes.AsSpan(0, written));
            throw new TextEncodingException(
                $"half of a surrogate pair, U+{(int)text[read]:X4},", bytes.AsSpan(0, written), "found, Unicode text expected");
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }
}
