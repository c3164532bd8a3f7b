using System.Text;
using MiniGpt.Model.Data;
using MiniGpt.Model.Formats;
using Xunit;

namespace MiniGpt.Tests.Model.Data;

public sealed class TextSourceTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Files_folders_and_standard_input_are_read_in_order()
    {
        Directory.CreateDirectory(_folder.File("books/inner"));
        _folder.Write("books/b.txt", "b");
        _folder.Write("books/Z.txt", "Z");
        _folder.Write("books/inner/c.md", "猫");
        _folder.Write("books/picture.png", "no text");
        string last = _folder.Write("last", "\uFEFFend");
        using MemoryStream input = new("input "u8.ToArray());
        LoadedText loaded = TextSource.Read([TextSource.StandardInput, _folder.File("books"), last], input);
        Assert.Equal("input Zb猫end", loaded.Text);
        Assert.Equal(5, loaded.Files.Count);
        Assert.Equal(0, loaded.InvalidSequences);
    }

    [Fact]
    public void Bytes_that_are_no_UTF8_become_replacement_characters_and_are_counted()
    {
        // Python: b"a\xffb\xe7\x8cc\xed\xa0\x80\xe7".decode("utf-8", "replace"). The U+FFFD that the text itself holds is not counted.
        byte[] bytes = [.. "a"u8, 0xFF, .. "b"u8, 0xE7, 0x8C, .. "c"u8, 0xED, 0xA0, 0x80, .. "\uFFFD"u8, 0xE7];
        LoadedText loaded = TextSource.Read([_folder.Write("broken.txt", bytes)]);
        Assert.Equal("a\uFFFDb\uFFFDc\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD", loaded.Text);
        Assert.Equal(6, loaded.InvalidSequences);
    }

    [Fact]
    public void A_long_text_is_read_whole_whatever_its_characters_straddle()
    {
        string text = "x" + string.Concat(Enumerable.Repeat("猫🐈é", 50_000));
        Assert.Equal(text, TextSource.Read([_folder.Write("long.txt", Encoding.UTF8.GetBytes(text))]).Text);
    }

    [Fact]
    public void What_is_no_text_is_refused()
    {
        string text = _folder.Write("text.txt", "text");
        Directory.CreateDirectory(_folder.File("none"));
        Assert.Throws<FileNotFoundException>(() => TextSource.Read([_folder.File("missing.txt")]));
        Assert.Throws<FileFormatException>(() => TextSource.Read([_folder.Write("empty.txt", "")]));
        Assert.Throws<FileFormatException>(() => TextSource.Read([_folder.Write("mark.txt", [0xEF, 0xBB, 0xBF])]));
        Assert.Throws<FileFormatException>(() => TextSource.Read([_folder.File("none")]));
        Assert.Throws<ArgumentException>(() => TextSource.Read([text, text]));
        Assert.Throws<ArgumentException>(() => TextSource.Read([text, Path.Combine(_folder.Root, ".", "text.txt")]));
        Assert.Throws<ArgumentException>(() => TextSource.Read([text, _folder.Write("tokens.bin", "ab")]));
    }

    [Fact]
    public void The_split_of_Shakespeare_is_the_one_of_nanoGPT()
    {
        string text = TextSource.Read([Path.Combine(AppContext.BaseDirectory, "data", "tinyshakespeare.txt")]).Text;
        Assert.Equal(1_003_854, Split.TrainLength(text, 0.1)); // "train has 1,003,854 tokens", nanoGPT's prepare.py
        Assert.Equal(text.Length, Split.TrainLength(text, 0));
    }

    [Fact]
    public void A_split_leaves_surrogate_pairs_whole()
    {
        Assert.Equal(2, Split.TrainLength("🐈🐈", 0.25));
        Assert.Equal(2, Split.TrainLength("🐈🐈", 0.5));
        Assert.Throws<ArgumentException>(() => Split.TrainLength(10, 1));
        Assert.Throws<ArgumentException>(() => Split.TrainLength(10, -0.1));
    }

    public void Dispose() => _folder.Dispose();
}
