using System.Buffers;
using System.Text;
using MiniGpt.Model.Tokenizers;
using Xunit;

namespace MiniGpt.Tests.Model.Tokenizers;

/// <summary>A text that comes block by block has the ids that it has as a whole.</summary>
internal static class TextInBlocks
{
    /// <summary>Asserts it for blocks of some sizes, in bytes.</summary>
    public static void AssertSameIds(ITokenizer tokenizer, byte[] text, IEnumerable<int> sizes)
    {
        int[] whole = tokenizer.EncodeUtf8(text);
        foreach (int size in sizes)
        {
            ArrayBufferWriter<int> ids = new();
            int read = 0;
            for (int end = 0; read < text.Length;)
            {
                end = Math.Min(text.Length, end + size);
                read += tokenizer.EncodeUtf8(text.AsSpan(read, end - read), ids, isFinalBlock: end == text.Length, isFirstBlock: read == 0);
            }
            int same = whole.AsSpan().CommonPrefixLength(ids.WrittenSpan);
            Assert.True(same == whole.Length && same == ids.WrittenCount,
                $"blocks of {size} bytes give other ids behind \"{tokenizer.Decode(whole.AsSpan(0, same))}\" of \"{Encoding.UTF8.GetString(text)}\"");
        }
    }
}
