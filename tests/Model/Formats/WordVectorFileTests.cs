using System.Buffers.Binary;
using System.Text;
using MiniGpt.Model.Files;
using MiniGpt.Model.Formats;
using MiniGpt.Tensors;
using Xunit;

namespace MiniGpt.Tests.Model.Formats;

public sealed class WordVectorFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_text_file_as_the_original_program_writes_it_is_read()
    {
        // Six decimals, and a space before each line end.
        string path = _folder.Write("v.txt", "3 2\n</s> 0.004003 0.004419 \nking -0.500000 1.250000 \n女王 0.000001 -2.000000 \n");
        WordVectors vectors = WordVectorFile.Read(path);
        Assert.Equal(["</s>", "king", "女王"], Words(vectors));
        Assert.Equal([0.004003f, 0.004419f, -0.5f, 1.25f, 0.000001f, -2], vectors.Table.Span.ToArray());
        Assert.Equal(2, vectors.Find("女王"));
        Assert.Null(vectors.Find("queen"));
    }

    [Theory]
    [InlineData("2 2\na 1 2\nb 3 4")]
    [InlineData("2 2\r\na 1 2\r\nb 3 4\r\n")]
    [InlineData("2 2 \na 1 2\nb 3e0 4.0\n\n")]
    public void Text_files_of_other_programs_are_read(string text)
    {
        WordVectors vectors = WordVectorFile.Read(_folder.Write("v.vec", text));
        Assert.Equal(["a", "b"], Words(vectors));
        Assert.Equal([1, 2, 3, 4], vectors.Table.Span.ToArray());
    }

    [Fact]
    public void A_word_may_have_spaces_in_it_where_rows_are_lines() =>
        Assert.Equal(["new york", "b"], Words(WordVectorFile.Read(_folder.Write("v.txt", "2 2\nnew york 1 2\nb 3 4\n"))));

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_binary_file_is_read_with_and_without_a_line_end_behind_each_row(bool hasLineEnds)
    {
        byte[] end = hasLineEnds ? [(byte)'\n'] : [];
        // The third word ends within a character, as some of the Google News vectors do; a float holds the bytes of a line end and of a space.
        float odd = BitConverter.Int32BitsToSingle(0x3F200A20);
        byte[] file =
        [
            .. "3 2\n"u8, .. "king "u8, .. Floats(1, -0.5f), .. end, .. "é "u8, .. Floats(odd, 3), .. end, .. (byte[])[(byte)'x', 0xE7, (byte)' '], .. Floats(0, 1e-30f), .. end,
        ];
        WordVectors vectors = WordVectorFile.Read(_folder.Write("v.bin", file));
        Assert.Equal(["king", "é", "x\uFFFD"], Words(vectors));
        Assert.Equal([(byte)'x', 0xE7], vectors.BytesOf(2).ToArray());
        Assert.Equal([1, -0.5f, odd, 3, 0, 1e-30f], vectors.Table.Span.ToArray());
    }

    [Fact]
    public void The_binary_format_is_written_byte_for_byte()
    {
        WordVectorFile.Write(_folder.File("v.bin"), new WordVectors(["a"u8.ToArray(), "王"u8.ToArray()], Tensor<float>.From([1, 2, 3, 4], [2, 2])));
        Assert.Equal([.. "2 2\na "u8, .. Floats(1, 2), .. "\n王 "u8, .. Floats(3, 4), (byte)'\n'], File.ReadAllBytes(_folder.File("v.bin")));
    }

    [Fact]
    public void The_text_format_is_written_byte_for_byte()
    {
        WordVectorFile.Write(_folder.File("v.txt"), new WordVectors(["a"u8.ToArray(), "王"u8.ToArray()], Tensor<float>.From([1, -0.25f, 3e-9f, 4], [2, 2])));
        Assert.Equal("2 2\na 1 -0.25\n王 3E-09 4\n", File.ReadAllText(_folder.File("v.txt")));
    }

    [Theory]
    [InlineData("v.txt")]
    [InlineData("v.vec")]
    [InlineData("v.bin")]
    public void Vectors_come_back_bit_for_bit(string name)
    {
        const int words = 3000, width = 301; // more than one block
        float[] numbers = [.. new byte[words * width * sizeof(float)].Chunk(sizeof(float)).Select((_, i) => MathF.Sin(i) * MathF.Pow(10, i % 60 - 30))];
        WordVectors written = new([.. Enumerable.Range(0, words).Select(i => Encoding.UTF8.GetBytes($"語{i}"))], Tensor<float>.From(numbers, [words, width]));
        WordVectorFile.Write(_folder.File(name), written);
        WordVectors read = WordVectorFile.Read(_folder.File(name));
        Assert.Equal(Words(written), Words(read));
        Assert.Equal(numbers, read.Table.Span.ToArray());
        Assert.Single(Directory.GetFiles(_folder.Root));
    }

    [Fact]
    public void Of_a_word_that_is_there_twice_the_first_counts() =>
        Assert.Equal(0, WordVectorFile.Read(_folder.Write("v.txt", "2 1\na 1\na 2\n")).Find("a"));

    [Theory]
    [InlineData("v.txt", "", "two numbers expected")]
    [InlineData("v.txt", "king 1 2\n", "'king 1 2' found in the first line")]
    [InlineData("v.txt", "0 2\n", "two numbers expected")]
    [InlineData("v.txt", "2 -3\n", "two numbers expected")]
    [InlineData("v.txt", "2 99999999\n", "at most 65536")]
    [InlineData("v.txt", "2000000000 300\na 1 2\n", "2000000000 vectors of 300 numbers are said to be in 21 bytes")]
    [InlineData("v.txt", "2 2\na 1 2 1 1\n", "row 2, 2 rows expected")]
    [InlineData("v.txt", "2 2\na 1 2\nb 3\n    ", "1 numbers found in row 2, 2 after a word expected")]
    [InlineData("v.txt", "2 2\na 1 2\nb 3 x\n", "'x' found in row 2, of the word 'b', a finite number expected")]
    [InlineData("v.txt", "2 2\na 1 nan\nb 3 4\n", "'nan' found in row 1, of the word 'a'")]
    [InlineData("v.txt", "2 2\na 1 2\nb 3 1e99\n", "'1e99' found in row 2")]
    [InlineData("v.txt", "1 2\na 1 2\nb 3 4\n", "more found after the last of 1 rows")]
    [InlineData("v.bin", "2 2\na 12345678b 12345", "at least 22 expected: the file is cut off")]
    [InlineData("v.bin", "2 2\nword 12345678other 1234", "the end of the file found in row 2, 2 rows expected")]
    [InlineData("v.bin", "1 2\nabcdefghijklmnopq", "no space after the word of row 1")]
    [InlineData("v.bin", "1 2\na 12345678more", "more found after the last of 1 rows")]
    [InlineData("v.bin", "\u001f\u008b", "two numbers expected")]
    public void A_broken_file_is_refused_in_one_line(string name, string text, string message)
    {
        FileFormatException error = Assert.Throws<FileFormatException>(() => WordVectorFile.Read(_folder.Write(name, text)));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void A_number_that_is_none_is_refused_in_a_binary_file()
    {
        byte[] file = [.. "2 1\na "u8, .. Floats(1), .. "b "u8, .. Floats(float.NaN)];
        Assert.Contains("'NaN' found in row 2, of the word 'b'",
            Assert.Throws<FileFormatException>(() => WordVectorFile.Read(_folder.Write("v.bin", file))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_packed_file_is_told_as_such() => Assert.Contains("gzip",
        Assert.Throws<FileFormatException>(() => WordVectorFile.Read(_folder.Write("v.bin", [0x1F, 0x8B, 8, 0]))).Message, StringComparison.Ordinal);

    [Fact]
    public void Vectors_that_do_not_fit_into_memory_are_refused_before_it_is_taken() => Assert.Contains("2 vectors of 2 numbers",
        Assert.Throws<InsufficientMemoryException>(() => WordVectorFile.Read(_folder.Write("v.txt", "2 2\na 1 2\nb 3 4\n"), memory: 10)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_folder_stands_for_the_file_in_it()
    {
        Assert.Equal(Path.Combine("runs", "words", "vectors.txt"), WordVectorFile.FileOf(Path.Combine("runs", "words")));
        Assert.Equal("a.VEC", WordVectorFile.FileOf("a.VEC"));
        _folder.Write("vectors.txt", "1 1\na 1\n");
        Assert.Equal(1, WordVectorFile.Read(_folder.Root).Count);
    }

    private static string[] Words(WordVectors vectors) => [.. Enumerable.Range(0, vectors.Count).Select(vectors.TextOf)];

    private static byte[] Floats(params float[] numbers)
    {
        byte[] bytes = new byte[numbers.Length * sizeof(float)];
        for (int i = 0; i < numbers.Length; i++)
            BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(i * sizeof(float)), numbers[i]);
        return bytes;
    }
}
