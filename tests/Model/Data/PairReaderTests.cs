using MiniGpt.Model.Data;
using MiniGpt.Model.Files;
using Xunit;

namespace MiniGpt.Tests.Model.Data;

public sealed class PairReaderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("pairs").FullName;

    [Fact]
    public void A_line_is_a_sentence_a_tab_and_its_translation() => Assert.Equal(
        [("I am.", "Je suis."), ("The cat.", "猫。")],
        Read(Write("a.tsv", "I am.\tJe suis.\r\n\nThe cat. \t 猫。\tCC-BY, someone\n")).Select(pair => (pair.Source, pair.Target)));

    [Fact]
    public void Two_files_of_as_many_lines_are_two_sides() => Assert.Equal(
        [("one", "un", 1), ("three", "trois", 3)],
        Read(Write("a.en", "one\n\nthree"), Write("a.fr", "un\n\ntrois\n")).Select(pair => (pair.Source, pair.Target, pair.Line)));

    [Theory]
    [InlineData("a\tb\nno tab here\n", "line 2 has no tab")]
    [InlineData("a\tb\n\tb\n", "line 2 has an empty side")]
    [InlineData("a\t \n", "line 1 has an empty side")]
    public void What_is_no_pair_is_refused_with_its_line(string text, string named)
    {
        string file = Write("a.tsv", text);
        string message = Assert.Throws<FileFormatException>(() => Read(file)).Message;
        Assert.Contains(named, message);
        Assert.Contains("a.tsv", message);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void Two_sides_of_different_lengths_are_refused()
    {
        (string source, string target) = (Write("a.en", "one\ntwo\n"), Write("a.fr", "un\n"));
        Assert.Contains("1 lines found, the 2 of", Assert.Throws<FileFormatException>(() => Read(source, target)).Message);
    }

    [Fact]
    public void An_empty_side_in_one_of_two_files_is_refused()
    {
        (string source, string target) = (Write("a.en", "one\ntwo\n"), Write("a.fr", "un\n\ntrois".Replace("trois", "")));
        Assert.Contains("line 2 has an empty side", Assert.Throws<FileFormatException>(() => Read(source, target)).Message);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static List<PairLine> Read(params string[] files)
    {
        using TextCorpus corpus = TextCorpus.Open(files);
        return PairReader.Read(corpus);
    }

    private string Write(string name, string text)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllText(path, text);
        return path;
    }
}
