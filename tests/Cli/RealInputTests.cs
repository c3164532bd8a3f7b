using System.Diagnostics;
using System.Text;
using MiniGpt.Tensors.Simd;
using MiniGpt.Tests.Cli.Safety;
using Xunit;

namespace MiniGpt.Tests.Cli;

/// <summary>What people have, given to the program as they give it.</summary>
[Collection("Runs")]
public sealed class RealInputTests : IDisposable
{
    private const string Escape = "\u001b";

    private readonly TemporaryFolder _folder = new();

    public RealInputTests() => SmallRun.WriteText(_folder);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Every_verb_reads_links_pipes_and_marks_as_the_text_itself()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the shell of Unix");
        Train("run");
        Minigpt.Success(_folder.Root, "tokenize", "train", "--data", "text.txt", "--vocab-size", "270", "--out", "bpe");
        File.CreateSymbolicLink(_folder.File("link.txt"), "text.txt");
        string text = File.ReadAllText(_folder.File("text.txt"));
        _folder.Write("wide.txt", [.. Encoding.Unicode.GetPreamble(), .. Encoding.Unicode.GetBytes(text)]);
        _folder.Write("marked.txt", [.. Encoding.UTF8.GetPreamble(), .. Encoding.UTF8.GetBytes(text)]);
        string loss = Minigpt.Success(_folder.Root, "eval", "--model", "run", "--data", "text.txt", "--json");
        string ids = Minigpt.Success(_folder.Root, "tokenize", "encode", "--tokenizer", "bpe", "text.txt");
        foreach (string path in (string[])["link.txt", "wide.txt", "marked.txt"])
        {
            Assert.Equal(loss, Minigpt.Success(_folder.Root, "eval", "--model", "run", "--data", path, "--json"));
            Assert.Equal(ids, Minigpt.Success(_folder.Root, "tokenize", "encode", "--tokenizer", "bpe", path));
        }
        Assert.Equal(loss, Shell("cat wide.txt | minigpt eval --model run --data /dev/stdin --json"));
        Assert.Equal(ids, Shell("mkfifo pipe; cat marked.txt > pipe & minigpt tokenize encode --tokenizer bpe pipe"));
        Assert.Equal(ids, Shell("cat wide.txt | minigpt tokenize encode --tokenizer bpe"));
        Assert.Equal(ids, Shell("mkfifo pipe2; cat text.txt > pipe2 & minigpt tokenize train --data pipe2 --vocab-size 270 --out again 2>/dev/null; "
            + "minigpt tokenize encode --tokenizer again text.txt"));

        // The ids of a prompt are those of its bytes, UTF-8 or not, and ids can come in UTF-16, as PowerShell writes them.
        byte[] broken = [.. "To be \u00e9"u8, 0xFF, 0xC3, .. "\n"u8];
        _folder.Write("prompt.txt", broken);
        Minigpt.Success(_folder.Root, "train", "--data", "text.txt", "--tokenizer", "./bpe", "--layers", "1", "--heads", "1", "--width", "8", "--context", "32",
            "--batch-size", "2", "--steps", "1", "--out", "bytes");
        string prompt = Minigpt.Success(_folder.Root, "tokenize", "encode", "--tokenizer", "bytes", "prompt.txt");
        Assert.Equal(prompt, Minigpt.Success(_folder.Root, "sample", "--model", "bytes", "--prompt-file", "prompt.txt", "--tokens", "0", "--ids"));
        Assert.Equal(prompt, Shell("cat prompt.txt | minigpt sample --model bytes --prompt-file /dev/stdin --tokens 0 --ids"));
        _folder.Write("ids.txt", [.. Encoding.Unicode.GetPreamble(), .. Encoding.Unicode.GetBytes(prompt)]);
        Shell("minigpt tokenize decode --tokenizer bytes ids.txt > back.txt");
        Assert.Equal(broken, File.ReadAllBytes(_folder.File("back.txt")));
    }

    [Fact]
    public void A_short_text_is_learned_with_dropout_and_fewer_steps_unless_either_is_given()
    {
        _folder.Write("short.txt", Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("to be or not to be\n", 50))));
        string[] train = ["train", "--data", "short.txt", "--layers", "1", "--heads", "1", "--width", "8", "--context", "32", "--batch-size", "2", "--out"];
        Outcome run = Minigpt.Run(_folder.Root, [.. train, "fewer"]);
        Assert.Contains(
            "a short text, 855 tokens: 400 steps with a dropout of 0.2, so that it is not learned by heart; giving --dropout or --steps turns this off",
            run.Error, StringComparison.Ordinal);
        Assert.Contains("\"step\":400,", File.ReadAllText(_folder.File("fewer/metrics.jsonl")), StringComparison.Ordinal);
        Assert.Contains("\"dropout\": 0.2,", File.ReadAllText(_folder.File("fewer/training.json")), StringComparison.Ordinal);
        run = Minigpt.Run(_folder.Root, [.. train, "asked", "--steps", "210"]);
        Assert.DoesNotContain("short text", run.Error, StringComparison.Ordinal);
        Assert.Contains("\"step\":210,", File.ReadAllText(_folder.File("asked/metrics.jsonl")), StringComparison.Ordinal);
        Assert.Contains("\"dropout\": 0,", File.ReadAllText(_folder.File("asked/training.json")), StringComparison.Ordinal);
        run = Minigpt.Run(_folder.Root, [.. train, "kept", "--dropout", "0.1"]);
        Assert.DoesNotContain("short text", run.Error, StringComparison.Ordinal);
        Assert.Contains("\"step\":790,", File.ReadAllText(_folder.File("kept/metrics.jsonl")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_goes_on_with_its_data_under_another_name_and_with_no_other()
    {
        Train("run");
        Directory.CreateDirectory(_folder.File("far"));
        File.Move(_folder.File("text.txt"), _folder.File("far/book.txt"));
        Outcome lost = Minigpt.Run(_folder.Root, "train", "--resume", "run", "--steps", "5");
        Assert.Equal(1, lost.ExitCode);
        Assert.EndsWith("text.txt: no such file or folder; --data FILE says where the data of the run is now\n", lost.Error, StringComparison.Ordinal);
        _folder.Write("other.txt", string.Concat(Enumerable.Repeat("To be, or not to be: is that the question?\n".Replace("?", "."), 50)));
        Outcome other = Minigpt.Run(_folder.Root, "train", "--resume", "run", "--steps", "5", "--data", "other.txt");
        Assert.Equal(1, other.ExitCode);
        Assert.Contains("the data is not what the run in run began with", other.Error, StringComparison.Ordinal);
        Minigpt.Success(_folder.Root, "train", "--resume", "run", "--steps", "5", "--data", "far/book.txt");
        Minigpt.Success(_folder.Root, "train", "--resume", "run", "--steps", "6"); // the name is remembered
    }

    [Fact]
    public void A_run_that_goes_on_with_vectors_of_another_width_says_so()
    {
        Assert.SkipUnless(VectorWidth.Bits > 0, "there is no narrower width");
        Train("run");
        Dictionary<string, string> narrow = new() { ["DOTNET_EnableHWIntrinsic"] = "0" };
        Outcome outcome = Minigpt.OutcomeOf(Minigpt.Start(_folder.Root, narrow, "train", "--resume", "run", "--steps", "4"));
        Assert.Equal(0, outcome.ExitCode);
        Assert.Contains($"note: the run was begun with vectors of {VectorWidth.Bits} bits, this processor has no vectors: from here on the last digits differ",
            outcome.Error, StringComparison.Ordinal);
        Train("same");
        Outcome same = Minigpt.Run(_folder.Root, "train", "--resume", "same", "--steps", "4");
        Assert.Equal(0, same.ExitCode);
        Assert.DoesNotContain("last digits", same.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--out: '' found, the name of a folder expected", "train", "--data", "text.txt", "--out", "")]
    [InlineData("--out: '' found, the name of a folder expected", "tokenize", "train", "--data", "text.txt", "--vocab-size", "300", "--out", "")]
    [InlineData("--out: '' found, the name of a page expected", "lesson", "mask", "--out", "")]
    [InlineData("--to: '' found, the name of a folder expected", "convert", "--from", "run", "--to", "")]
    [InlineData("--out dangling is a link to ", "train", "--data", "text.txt", "--out", "dangling")]
    [InlineData("--out dangling is a link to ", "compare", "run", "--out", "dangling")]
    [InlineData("--to dangling.gguf is a link to ", "convert", "--from", "run", "--to", "dangling.gguf", "--overwrite")]
    [InlineData("--out pipe.html is a pipe or a device", "lesson", "mask", "--out", "pipe.html")]
    [InlineData("--out /dev/null is a pipe or a device", "lesson", "mask", "--out", "/dev/null")]
    [InlineData("--to pipe.html is a pipe or a device", "convert", "--from", "run", "--to", "pipe.html", "--overwrite")]
    [InlineData("an empty path", "train", "--data", "", "--out", "new")]
    public void A_name_that_nothing_can_be_written_under_is_wrong_usage(string reason, params string[] arguments)
    {
        File.CreateSymbolicLink(_folder.File("dangling"), "gone");
        File.CreateSymbolicLink(_folder.File("dangling.gguf"), "gone.gguf");
        SpecialFiles.MakePipe(_folder.File("pipe.html"));
        Outcome outcome = Minigpt.Run(_folder.Root, arguments);
        Assert.True(outcome.ExitCode == 2, outcome.Error);
        Assert.StartsWith($"minigpt: {reason}", outcome.Error, StringComparison.Ordinal);
        Assert.Single(outcome.Error.TrimEnd().Split('\n'));
        Assert.Empty(Directory.GetDirectories(_folder.Root));
    }

    [Fact]
    public void Weights_that_are_no_numbers_fail_an_evaluation_and_name_the_parameter()
    {
        Train("run");
        string path = _folder.File("run/model.safetensors");
        byte[] bytes = File.ReadAllBytes(path);
        BitConverter.GetBytes(float.NaN).CopyTo(bytes, bytes.Length - sizeof(float));
        Directory.CreateDirectory(_folder.File("broken"));
        foreach (string name in (string[])["config.json", "tokenizer.json"])
            File.Copy(_folder.File($"run/{name}"), _folder.File($"broken/{name}"));
        _folder.Write("broken/model.safetensors", bytes);
        Outcome outcome = Minigpt.Run(_folder.Root, "eval", "--model", "broken", "--data", "text.txt", "--json");
        Assert.Equal((1, ""), (outcome.ExitCode, outcome.Output));
        Assert.StartsWith("minigpt: broken: norm.weight has numbers that are not finite", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_terminal_would_obey_is_shown()
    {
        string hostile = $"hello {Escape}]0;title\a {Escape}[2Jworld\n";
        _folder.Write("hostile.txt", string.Concat(Enumerable.Repeat(hostile, 60)));
        string[] model = ["--layers", "1", "--heads", "1", "--width", "8", "--context", "8", "--batch-size", "2", "--steps", "1", "--eval-every", "0"];
        Outcome trained = Minigpt.Run(_folder.Root, ["train", "--data", "hostile.txt", "--tokenizer", "word", "--sample-every", "1", .. model, "--out", "hostile"]);
        Assert.True(trained.ExitCode == 0, trained.Error);
        Assert.DoesNotContain(Escape, trained.Error, StringComparison.Ordinal);
        Assert.Contains("\\x1B", trained.Error, StringComparison.Ordinal);

        Train("run");
        _folder.Write("unknown.txt", string.Concat(Enumerable.Repeat($"to be {Escape}[2J\n", 60)));
        Outcome unknown = Minigpt.Run(_folder.Root, "eval", "--model", "run", "--data", "unknown.txt");
        Assert.Equal(1, unknown.ExitCode);
        Assert.Contains("character U+001B", unknown.Error, StringComparison.Ordinal);
        Outcome command = Minigpt.Run(_folder.Root, "train", $"--{Escape}[2J");
        Assert.Contains("\\x1B[2J", command.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(Escape, unknown.Error + command.Error, StringComparison.Ordinal);

        Assert.SkipUnless(OperatingSystem.IsLinux() && Shell("command -v script || true").Length > 0, "there is no script(1) to give it a terminal");
        string sampled = Shell("script -qec \"minigpt sample --model hostile --prompt-file hostile.txt --tokens 1\" /dev/null < /dev/null");
        Assert.Contains("\\x1B]0;title\\x07", sampled, StringComparison.Ordinal);
        Assert.DoesNotContain($"{Escape}]0", sampled, StringComparison.Ordinal);
        // A file gets every byte as it is.
        Assert.Contains($"{Escape}]0;title\a", Shell("minigpt sample --model hostile --prompt-file hostile.txt --tokens 1"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("inspect", "pipe.gguf")]
    [InlineData("sample", "--model", "pipe.gguf")]
    [InlineData("eval", "--model", "run", "--data", "pipe.txt")]
    [InlineData("train", "--data", "pipe.txt", "--out", "never")]
    [InlineData("tokenize", "encode", "--tokenizer", "gpt2", "pipe.txt")]
    public void A_pipe_that_nobody_writes_into_is_refused_or_waited_for_until_a_signal_comes(params string[] arguments)
    {
        Train("run");
        SpecialFiles.MakePipe(_folder.File("pipe.txt"));
        SpecialFiles.MakePipe(_folder.File("pipe.gguf"));
        using Process process = Minigpt.Start(_folder.Root, arguments);
        bool isRefused = arguments.Contains("pipe.gguf");
        if (!isRefused)
        {
            SmallRun.WaitUntilIdle(process);
            Assert.False(process.HasExited);
            SmallRun.Signal(process, SmallRun.Terminate);
        }
        bool ended = process.WaitForExit(TimeSpan.FromSeconds(20));
        if (!ended)
            process.Kill();
        Assert.True(ended, "the program waits on");
        Assert.Equal(isRefused ? 1 : SmallRun.Interrupted, process.ExitCode);
        Assert.False(Directory.Exists(_folder.File("never")));
    }

    private void Train(string name) => Minigpt.Success(_folder.Root, ["train", .. SmallRun.Model, "--steps", "2", "--eval-every", "0", "--out", name]);

    private string Shell(string script)
    {
        Outcome outcome = Minigpt.Shell(_folder.Root, script);
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        return outcome.Output;
    }
}
