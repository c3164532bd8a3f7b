using System.Diagnostics;
using System.Text.Json;
using MiniGpt.Model.Lessons;
using MiniGpt.Tests.Cli.Safety;
using Xunit;

namespace MiniGpt.Tests.Cli;

/// <summary>minigpt word2vec, the real program.</summary>
[Collection("Runs")]
public sealed class Word2VecTests : IDisposable
{
    private const int Failure = 1;
    private const int WrongUsage = 2;

    // As the binary and the text format have them: king − man + woman is queen.
    private const string Vectors = "5 3\nman 1 0 0\nwoman 0 1 0\nking 1 0 1\nqueen 0 1 1.1\napple -1 -1 0.1\n";

    private static readonly string[] s_small =
        ["--width", "16", "--window", "10", "--epochs", "10", "--min-count", "1", "--subsample", "0", "--learning-rate", "0.05", "--seed", "1"];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("v.bin")]
    [InlineData("v.txt")]
    [InlineData("folder")]
    public void The_grammar_is_learned_and_answers(string name)
    {
        _folder.Write("royal.txt", RoyalGrammar.English.Text(1000));
        Outcome outcome = Minigpt.Run(_folder.Root, ["word2vec", "--data", "royal.txt", "--out", name, .. s_small]);
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        Assert.Empty(outcome.Output);
        Assert.Contains("epoch 10 of 10, 100 %: loss ", outcome.Error, StringComparison.Ordinal);
        Assert.Contains("words a second", outcome.Error, StringComparison.Ordinal);
        Assert.EndsWith($"saved in {(name == "folder" ? Path.Combine(name, "vectors.txt") : name)}\n", outcome.Error, StringComparison.Ordinal);
        Assert.Contains("     1   queen  ", Minigpt.Success(_folder.Root, "word2vec", "--model", name, "--analogy", "king", "man", "woman"), StringComparison.Ordinal);
    }

    [Fact]
    public void The_same_seed_gives_the_same_bytes_on_any_number_of_threads()
    {
        _folder.Write("royal.txt", RoyalGrammar.Japanese.Text(300));
        foreach (string threads in (string[])["1", "2", "3"])
            Minigpt.Success(_folder.Root, ["word2vec", "--data", "royal.txt", "--out", $"{threads}.bin", "--cbow", "--threads", threads, .. s_small]);
        byte[] one = File.ReadAllBytes(_folder.File("1.bin"));
        Assert.Equal(one, File.ReadAllBytes(_folder.File("2.bin")));
        Assert.Equal(one, File.ReadAllBytes(_folder.File("3.bin")));
    }

    [Fact]
    public void Neighbours_and_analogies_of_a_file_are_answered()
    {
        _folder.Write("v.txt", Vectors);
        string table = Minigpt.Success(_folder.Root, "word2vec", "--model", "v.txt", "--near", "king", "--top", "2");
        Assert.Equal(["rank word cosine", "1 man 0.7071", "2 queen 0.5232"],
            table.Split('\n').Select(line => string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries))).Where(line => line.Length > 0 && line[0] != '─'));
        JsonElement near = Json("--near", "king");
        Assert.Equal("king", near.GetProperty("near").GetString());
        Assert.Equal(["man", "queen", "woman", "apple"], Words(near));
        Assert.Equal(0.70710677f, near.GetProperty("neighbours")[0].GetProperty("cosine").GetSingle(), 1e-6);
        JsonElement analogy = Json("--analogy", "king", "man", "woman");
        Assert.Equal(["king", "man", "woman"], analogy.GetProperty("analogy").EnumerateArray().Select(word => word.GetString()));
        Assert.Equal(["queen", "apple"], Words(analogy));

        JsonElement Json(params string[] asked) =>
            JsonDocument.Parse(Minigpt.Success(_folder.Root, ["word2vec", "--model", "v.txt", "--json", .. asked])).RootElement;

        static IEnumerable<string?> Words(JsonElement answer) =>
            answer.GetProperty("neighbours").EnumerateArray().Select(neighbour => neighbour.GetProperty("word").GetString());
    }

    [Theory]
    [InlineData(WrongUsage, "neither --data nor --model is given", "word2vec")]
    [InlineData(WrongUsage, "--out PATH expected beside --data", "word2vec", "--data", "text.txt")]
    [InlineData(WrongUsage, "--near does not go with --data", "word2vec", "--data", "text.txt", "--out", "v.bin", "--near", "a")]
    [InlineData(WrongUsage, "--width does not go with --model", "word2vec", "--model", "v.txt", "--near", "king", "--width", "3")]
    [InlineData(WrongUsage, "one of --near WORD and --analogy A B C expected", "word2vec", "--model", "v.txt")]
    [InlineData(WrongUsage, "one of --near WORD and --analogy A B C expected", "word2vec", "--model", "v.txt", "--near", "king", "--analogy", "king", "man", "woman")]
    [InlineData(WrongUsage, "--analogy: 2 words found, 3 expected", "word2vec", "--model", "v.txt", "--analogy", "king", "man")]
    [InlineData(WrongUsage, "--analogy: 4 words found, 3 expected", "word2vec", "--model", "v.txt", "--analogy", "king", "man", "woman", "queen")]
    [InlineData(WrongUsage, "--skip-gram does not go with --cbow", "word2vec", "--data", "text.txt", "--out", "v.bin", "--cbow", "--skip-gram")]
    [InlineData(WrongUsage, "--window: '0' found", "word2vec", "--data", "text.txt", "--out", "v.bin", "--window", "0")]
    [InlineData(WrongUsage, "--width: '70000' found, a whole number from 1 to 65536 expected", "word2vec", "--data", "text.txt", "--out", "v.bin", "--width", "70000")]
    [InlineData(WrongUsage, "the share from which words are passed over must not be negative", "word2vec", "--data", "text.txt", "--out", "v.bin", "--subsample", "-1")]
    [InlineData(WrongUsage, "--top: '0' found", "word2vec", "--model", "v.txt", "--near", "king", "--top", "0")]
    [InlineData(WrongUsage, "--out v.txt is there already, --overwrite replaces it", "word2vec", "--data", "text.txt", "--out", "v.txt")]
    [InlineData(WrongUsage, "--out text.txt would replace the text that is read", "word2vec", "--data", "text.txt", "--out", "text.txt", "--overwrite")]
    [InlineData(Failure, "missing.txt", "word2vec", "--data", "missing.txt", "--out", "v.bin")]
    [InlineData(Failure, "empty.txt: the file is empty", "word2vec", "--data", "empty.txt", "--out", "v.bin")]
    [InlineData(Failure, "at least 2 expected (--min-count 1 takes every word)", "word2vec", "--data", "text.txt", "--out", "v.bin")]
    [InlineData(Failure, "spaces between words expected", "word2vec", "--data", "unseparated.txt", "--out", "v.bin")]
    [InlineData(Failure, "'qeen' is not among the 5 words; 'queen' is", "word2vec", "--model", "v.txt", "--near", "qeen")]
    [InlineData(Failure, "'king' is not among", "word2vec", "--model", "one.txt", "--analogy", "king", "man", "woman")]
    [InlineData(Failure, "nan.txt: 'nan' found in row 1", "word2vec", "--model", "nan.txt", "--near", "a")]
    [InlineData(Failure, "cut.bin: ", "word2vec", "--model", "cut.bin", "--near", "a")]
    [InlineData(Failure, "nowhere.txt", "word2vec", "--model", "nowhere.txt", "--near", "a")]
    public void Wrong_input_is_refused_in_one_line(int exitCode, string named, params string[] arguments)
    {
        _folder.Write("text.txt", "one two three two");
        _folder.Write("empty.txt", "");
        _folder.Write("unseparated.txt", "年老いた王は宮殿に住み、彼は剣を取る。");
        _folder.Write("v.txt", Vectors);
        _folder.Write("one.txt", "1 1\na 1\n");
        _folder.Write("nan.txt", "1 1\na nan\n");
        _folder.Write("cut.bin", "2 2\na 12345678b 123");
        Minigpt.Refusal(_folder.Root, exitCode, named, arguments);
        Assert.False(File.Exists(_folder.File("v.bin")));
        Assert.Equal(Vectors, File.ReadAllText(_folder.File("v.txt")));
    }

    [Theory]
    [InlineData("the learning rate of 1E+30 is too high", "--subsample", "0", "--learning-rate", "1e30")]
    [InlineData("nothing to learn from found in 4 words", "--subsample", "1e-30")]
    public void What_cannot_be_learned_is_told_in_one_line_and_leaves_no_file(string named, params string[] options)
    {
        _folder.Write("text.txt", "one two three two");
        Outcome outcome = Minigpt.Run(_folder.Root, ["word2vec", "--data", "text.txt", "--out", "v.bin", "--min-count", "1", "--threads", "1", .. options]);
        Assert.Equal(Failure, outcome.ExitCode);
        Assert.Contains(named, Assert.Single(outcome.Error.TrimEnd().Split('\n'), line => line.StartsWith("minigpt: ", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.Single(Directory.GetFiles(_folder.Root));
    }

    [Fact]
    public void Standard_input_is_learned_from_and_a_file_is_replaced_where_that_is_asked_for()
    {
        _folder.Write("v.vec", "old");
        Outcome outcome = Minigpt.RunWithInput(_folder.Root, RoyalGrammar.English.Text(50), ["word2vec", "--data", "-", "--out", "v.vec", "--overwrite", .. s_small]);
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        Assert.EndsWith(" 16", File.ReadLines(_folder.File("v.vec")).First(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(SmallRun.Interrupt)]
    [InlineData(SmallRun.Terminate)]
    public void A_signal_ends_the_training_and_leaves_nothing(int signal)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "these are the signals of Unix");
        _folder.Write("royal.txt", RoyalGrammar.English.Text(1000));
        using (Process process = Minigpt.Start(_folder.Root, "word2vec", "--data", "royal.txt", "--out", "v.bin", "--epochs", "100000"))
        {
            SmallRun.ReadTo(process, "epoch 1 of");
            SmallRun.AssertEnds(process, signal);
        }
        Assert.Single(Directory.GetFiles(_folder.Root));
    }
}
