using System.Text;
using MiniGpt.Model.Data;
using MiniGpt.Model.Files;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Tokenizers;
using Xunit;

namespace MiniGpt.Tests.Model.Formats;

public sealed class Llama2CTokenizerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void A_file_is_read_as_it_is_described()
    {
        ITokenizer tokenizer = TokenizerFile.Read(_folder.Write("tok.bin", Build()));
        Assert.Equal(("sentencepiece", 265), (tokenizer.Kind, tokenizer.VocabularySize));
        Assert.Equal([1], tokenizer.Ends.Before);
        // " ab" by the highest score: "ab" before " a"; a line end and what no piece says are bytes; <s> is the begin of a text.
        Assert.Equal([259, 263, 13, 97 + 3 + 3], tokenizer.Encode("ab\nd"));
        Assert.Equal([264, 1], tokenizer.Encode("a<s>"));
        Assert.Equal("ab\nd", tokenizer.Decode(tokenizer.Encode("ab\nd")));
        Assert.Equal("<s>", tokenizer.TokenText(1));
    }

    [Fact]
    public void Ids_written_as_numbers_become_the_text_without_the_space_that_was_put_before_it()
    {
        ITokenizer tokenizer = TokenizerFile.Read(_folder.Write("tok.bin", Build()));
        using MemoryStream text = new("264 259 261, 264"u8.ToArray()), output = new();
        TokenText.Decode("ids", text, tokenizer, output);
        Assert.Equal("a b a", Encoding.UTF8.GetString(output.ToArray()));
    }

    [Fact]
    public void A_file_that_ends_early_or_says_nonsense_is_refused_in_one_line()
    {
        byte[] whole = Build();
        foreach (int length in (int[])[0, 3, 4, 10, whole.Length - 1])
            AssertRefused(whole[..length]);
        AssertRefused([.. BitConverter.GetBytes(int.MaxValue), .. whole[4..]]);
        AssertRefused([.. whole[..8], .. BitConverter.GetBytes(-1), .. whole[12..]]);
        AssertRefused([.. whole[..4], .. BitConverter.GetBytes(float.NaN), .. whole[8..]]);
    }

    public void Dispose() => _folder.Dispose();

    internal static byte[] Build()
    {
        List<byte> file = [.. BitConverter.GetBytes(7)];
        Add("<unk>", 0);
        Add("\n<s>\n", 0);
        Add("\n</s>\n", 0);
        for (int value = 0; value < 256; value++)
            Add($"<0x{value:X2}>", 0);
        foreach ((string piece, float score) in (ReadOnlySpan<(string, float)>)[(" ", -10), ("a", -11), ("b", -12), ("c", -13), ("ab", -1), (" a", -2)])
            Add(piece, score);
        return [.. file];

        void Add(string piece, float score)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(piece);
            file.AddRange(BitConverter.GetBytes(score));
            file.AddRange(BitConverter.GetBytes(bytes.Length));
            file.AddRange(bytes);
        }
    }

    private void AssertRefused(byte[] bytes)
    {
        string path = _folder.Write("broken.bin", bytes);
        string message = Assert.Throws<FileFormatException>(() => TokenizerFile.Read(path)).Message;
        Assert.StartsWith(path, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }
}
