using System.Buffers.Text;
using MiniGpt.Model.Files;
using MiniGpt.Model.Tokenizers;

namespace MiniGpt.Model.Data;

/// <summary>Ids written as numbers with white space or commas between them, as tokenize encode prints them.</summary>
public static class TokenText
{
    private static ReadOnlySpan<byte> Separators => " \n\r\t,"u8;

    /// <summary>Writes the bytes of the tokens that a text names.</summary>
    /// <param name="name">What the text is called, for messages.</param>
    /// <param name="text">The ids.</param>
    /// <param name="tokenizer">What knows their bytes.</param>
    /// <param name="output">Takes the bytes.</param>
    /// <param name="cancellationToken">Stops between two blocks.</param>
    /// <exception cref="FileFormatException">Something else than an id of the vocabulary stands there; the message says where.</exception>
    /// <exception cref="IOException">The text cannot be read, or the bytes not be written.</exception>
    public static void Decode(string name, Stream text, ITokenizer tokenizer, Stream output, CancellationToken cancellationToken = default)
    {
        long line = 1;
        bool isStart = true;
        TextBlocks.Read(text, long.MaxValue, (block, isFinal) =>
        {
            int at = 0;
            while (at < block.Length)
            {
                int skipped = block[at..].IndexOfAnyExcept(Separators);
                line += block.Slice(at, skipped < 0 ? block.Length - at : skipped).Count((byte)'\n');
                if (skipped < 0)
                    return block.Length;
                at += skipped;
                int length = block[at..].IndexOfAny(Separators);
                if (length < 0 && !isFinal)
                    return at; // the number may go on
                ReadOnlySpan<byte> number = length < 0 ? block[at..] : block.Slice(at, length);
                if (!Utf8Parser.TryParse(number, out int id, out int used) || used != number.Length || (uint)id >= (uint)tokenizer.VocabularySize)
                {
                    throw new FileFormatException(name,
                        $"'{System.Text.Encoding.UTF8.GetString(number[..Math.Min(40, number.Length)])}' found in line {line}, an id from 0 to {tokenizer.VocabularySize - 1} expected");
                }
                ReadOnlySpan<byte> bytes = tokenizer.TokenBytes(id);
                output.Write(isStart && tokenizer.DropsFirstSpace && bytes is [(byte)' ', ..] ? bytes[1..] : bytes);
                isStart = false;
                at += number.Length;
            }
            return at;
        }, cancellationToken);
    }
}
