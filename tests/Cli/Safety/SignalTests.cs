using System.Diagnostics;
using Xunit;

namespace MiniGpt.Tests.Cli.Safety;

[Collection("Runs")]
public sealed class SignalTests : IDisposable
{
    // One step of minutes, in micro-batches of less than a millisecond.
    private static readonly string[] s_endless =
    [
        "train", "--data", "text.txt", "--layers", "1", "--heads", "2", "--width", "16", "--context", "8", "--accumulate", "10000000",
        "--steps", "2", "--out", "run",
    ];

    // Attention over so many positions takes a minute, and over these more than half a second.
    private const string LongestContext = "130000";
    private const string LongContext = "30000";

    private readonly TemporaryFolder _folder = new();

    public SignalTests() => SmallRun.WriteText(_folder);

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(SmallRun.Interrupt)]
    [InlineData(SmallRun.Terminate)]
    public void A_second_signal_leaves_at_once(int signal)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "these are the signals of Unix");
        using Process process = StartLong(layers: "1", LongestContext);
        SmallRun.Signal(process, signal);
        Assert.False(process.WaitForExit(500), "the first signal waits for the operator under way");
        // Signals that come before the first was looked at are one: a machine under load is given another.
        for (int attempt = 0; attempt < 40 && !process.HasExited; attempt++)
        {
            SmallRun.Signal(process, signal);
            process.WaitForExit(500);
        }
        Assert.True(process.HasExited, "the second signal does not wait");
        Assert.Equal(128 + signal, process.ExitCode);
    }

    [Fact]
    public void A_signal_does_not_wait_for_the_end_of_a_micro_batch()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "these are the signals of Unix");
        using Process process = StartLong(layers: "60", LongContext);
        SmallRun.AssertEnds(process, SmallRun.Terminate);
        Assert.Contains("\"step\": 0", File.ReadAllText(_folder.File("run/training.json")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(SmallRun.Interrupt)]
    [InlineData(SmallRun.Terminate)]
    public void A_signal_in_the_midst_of_a_long_step_or_evaluation_is_obeyed_and_the_run_goes_on_as_if_there_was_none(int signal)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "these are the signals of Unix");
        using (Process process = Minigpt.Start(_folder.Root, s_endless))
        {
            SmallRun.ReadTo(process, "output");
            WaitForStep(process);
            SmallRun.AssertEnds(process, signal);
        }

        // An evaluation of minutes after the second step; the run that goes on makes up for it.
        string[] options = [.. SmallRun.Model, "--eval-every", "2", "--steps", "4", "--log-every", "1", "--schedule", "constant"];
        using (Process process = Minigpt.Start(_folder.Root, ["train", .. options, "--eval-batches", "100000000", "--out", "cut"]))
        {
            SmallRun.ReadTo(process, "step 2");
            SmallRun.AssertEnds(process, signal);
        }
        string training = File.ReadAllText(_folder.File("cut/training.json"));
        Assert.Contains("\"step\": 2", training, StringComparison.Ordinal);
        _folder.Write("cut/training.json", training.Replace("\"eval_batches\": 100000000", "\"eval_batches\": 1"));
        Minigpt.Success(_folder.Root, "train", "--resume", "cut");
        Minigpt.Success(_folder.Root, ["train", .. options, "--eval-batches", "1", "--out", "whole"]);
        Assert.Equal(SmallRun.Log(_folder.File("whole")), SmallRun.Log(_folder.File("cut")));
        Assert.Equal(SmallRun.Checksums(_folder.File("whole")), SmallRun.Checksums(_folder.File("cut")));
        Assert.Equal(SmallRun.Checksums(_folder.File("whole/best")), SmallRun.Checksums(_folder.File("cut/best")));
    }

    [Theory]
    [InlineData(SmallRun.Terminate, "tokenize", "encode", "--tokenizer", "gpt2")]
    [InlineData(SmallRun.Interrupt, "tokenize", "decode", "--tokenizer", "gpt2", "-")]
    [InlineData(SmallRun.Terminate, "tokenize", "train", "--data", "-", "--vocab-size", "300", "--out", "learned")]
    [InlineData(SmallRun.Terminate, "train", "--data", "-", "--out", "never")]
    [InlineData(SmallRun.Interrupt, "eval", "--model", "run", "--data", "-")]
    public void A_signal_ends_the_wait_for_more_input_and_nothing_is_left(int signal, params string[] arguments)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "these are the signals of Unix");
        if (arguments[0] == "eval")
            Minigpt.Success(_folder.Root, ["train", .. SmallRun.Model, "--steps", "1", "--out", "run"]);
        string temporary = Directory.CreateDirectory(_folder.File("temporary")).FullName;
        using Process process = Minigpt.StartWithOpenInput(_folder.Root, new Dictionary<string, string> { ["TMPDIR"] = temporary }, arguments);
        // More than a pipe holds: once it is written, the program is reading, and waits for the rest.
        process.StandardInput.Write(string.Concat(Enumerable.Repeat("1 ", 200_000)));
        process.StandardInput.Flush();
        SmallRun.AssertEnds(process, signal);
        Assert.Empty(Directory.GetFileSystemEntries(temporary));
        Assert.False(Directory.Exists(_folder.File("never")) || Directory.Exists(_folder.File("learned")));
    }

    [Fact]
    public void A_second_run_in_the_same_folder_is_refused_in_one_line()
    {
        using Process process = Minigpt.Start(_folder.Root, [.. s_endless]);
        SmallRun.ReadTo(process, "output");
        Outcome second = Minigpt.Run(_folder.Root, ["train", .. SmallRun.Model, "--steps", "2", "--out", "run"]);
        process.Kill();
        Assert.Equal(1, second.ExitCode);
        Assert.StartsWith("minigpt: run is being written by another training run", second.Error, StringComparison.Ordinal);
        Assert.Single(second.Error.TrimEnd().Split('\n'));
        process.WaitForExit();
        Minigpt.Success(_folder.Root, ["train", .. SmallRun.Model, "--steps", "2", "--out", "run", "--overwrite"]);
    }

    [Fact]
    public void Changed_data_and_a_changed_tokenizer_are_refused_in_words()
    {
        Minigpt.Success(_folder.Root, ["train", .. SmallRun.Model, "--steps", "2", "--out", "run"]);
        File.AppendAllText(_folder.File("text.txt"), "To be.\n");
        AssertRefused("the data is not what the run in run began with");
        SmallRun.WriteText(_folder);
        string tokenizer = File.ReadAllText(_folder.File("run/tokenizer.json"));
        _folder.Write("run/tokenizer.json", tokenizer.Replace("\"q\"", "\"Q\""));
        AssertRefused("tokenizer.json: SHA-256 ");
        _folder.Write("run/tokenizer.json", tokenizer);
        Minigpt.Success(_folder.Root, "train", "--resume", "run", "--steps", "3");

        void AssertRefused(string reason)
        {
            Outcome outcome = Minigpt.Run(_folder.Root, "train", "--resume", "run", "--steps", "3");
            Assert.Equal(1, outcome.ExitCode);
            Assert.Single(outcome.Error.TrimEnd().Split('\n'));
            Assert.Contains(reason, outcome.Error, StringComparison.Ordinal);
        }
    }

    /// <summary>Starts a run on one thread whose operators take long, and waits until it is in a step.</summary>
    private Process StartLong(string layers, string context)
    {
        _folder.Write("long.txt", string.Concat(Enumerable.Repeat("To be, or not to be: that is the question.\n", 4000)));
        Process process = Minigpt.Start(_folder.Root,
            "train", "--data", "long.txt", "--layers", layers, "--heads", "1", "--width", "8", "--context", context, "--batch-size", "1",
            "--threads", "1", "--validation-fraction", "0", "--steps", "2", "--out", "run");
        SmallRun.ReadTo(process, "output");
        WaitForStep(process);
        return process;
    }

    /// <summary>Waits until so much was computed since the header that it can only be the first step, however loaded the machine is.</summary>
    private static void WaitForStep(Process process)
    {
        TimeSpan begin = process.TotalProcessorTime;
        while (process.TotalProcessorTime - begin < TimeSpan.FromSeconds(1))
        {
            Thread.Sleep(20);
            process.Refresh();
        }
    }
}
