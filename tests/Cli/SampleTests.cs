using System.Diagnostics;
using MiniGpt.Model.Formats;
using MiniGpt.Tests.Cli.Safety;
using MiniGpt.Tests.Model.Generation;
using Xunit;

namespace MiniGpt.Tests.Cli;

public sealed class SampleTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public SampleTests() => ModelFolder.Save(_folder.File("model"), TinyModels.Get("trained"), TinyModels.Tokenizer);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Samples_written_as_one_batch_are_those_written_alone()
    {
        string[] all = Sample("--samples", "3", "--tokens", "50").Split("== sample ");
        Assert.Equal(4, all.Length);
        Assert.StartsWith("1 of 3 ==\nROMEO:", all[1]);
        Assert.Equal(all[1]["1 of 3 ==\n".Length..].TrimEnd(), Sample("--tokens", "50").TrimEnd());
        Assert.NotEqual(all[1][6..], all[2][6..]);
        string ids = Sample("--samples", "9", "--tokens", "20", "--ids");
        Assert.Equal(9, ids.TrimEnd().Split('\n').Distinct().Count());
    }

    [Fact]
    public void A_stop_text_ends_a_sample_and_is_not_written()
    {
        string whole = Sample("--tokens", "60", "--temperature", "0");
        string stop = whole[20..23];
        Assert.Equal(whole[..whole.IndexOf(stop, "ROMEO:".Length, StringComparison.Ordinal)] + "\n",
            Sample("--tokens", "60", "--temperature", "0", "--stop", stop, "--stop", "no such text"));
    }

    [Fact]
    public void The_likeliest_tokens_are_a_table_at_each_step()
    {
        string text = Sample("--tokens", "2", "--temperature", "0", "--show-probabilities", "3");
        Assert.Equal(2, text.Split("rank").Length - 1);
        Assert.Equal(2, text.Split("<- chosen").Length - 1);
        Assert.Matches(@"(?m)^ +1 +"".+"" +\d+\.\d\d +█* <- chosen", text);
        Assert.Matches(@"(?m)^ +3 ", text);
        Assert.DoesNotMatch(@"(?m)^ +4 ", text);
    }

    [Fact]
    public void Beside_ids_the_tables_go_to_standard_error()
    {
        Outcome outcome = Minigpt.Run(
            _folder.Root, "sample", "--model", "model", "--prompt-ids", "1,2", "--tokens", "2", "--temperature", "0", "--ids",
            "--show-probabilities", "3");
        Assert.Matches(@"^1 2 \d+ \d+\n$", outcome.Output);
        Assert.Equal(2, outcome.Error.Split("<- chosen").Length - 1);
    }

    [Fact]
    public void Stats_are_said_on_standard_error()
    {
        Outcome outcome = Minigpt.Run(_folder.Root, "sample", "--model", "model", "--prompt", "ROMEO:", "--tokens", "5", "--stats");
        Assert.Matches(@"^prompt: 6 tokens in [\d.]+ s, [\d,.]+ tokens/s; first token after [\d.]+ s; the others: 4 tokens in [\d.]+ s, [\d,.]+ tokens/s\n$", outcome.Error);
        Assert.StartsWith("ROMEO:", outcome.Output);
    }

    [Fact]
    public void A_conversation_keeps_its_text_until_it_is_reset()
    {
        string[] options = ["sample", "--model", "model", "--interactive", "--tokens", "12"];
        Outcome outcome = Minigpt.RunWithInput(_folder.Root,
            ":temperature 0\nROMEO:\n:dance\n:temperature -1\nROMEO:\n:reset\nROMEO:\n~\n:quit\nnot read\n", options);
        Assert.Equal(0, outcome.ExitCode);
        string first = Sample("--tokens", "12", "--temperature", "0")["ROMEO:".Length..];
        Assert.StartsWith(first, outcome.Output);
        Assert.EndsWith(first, outcome.Output);
        Assert.NotEqual(first + first + first, outcome.Output);
        Assert.Contains("':dance' is no command: :reset", outcome.Error);
        Assert.Contains("the temperature must be a number from 0 up, it is -1", outcome.Error);
        Assert.Contains("'~' (U+007E)", outcome.Error);
    }

    [Fact]
    public void A_conversation_says_its_commands_when_it_is_asked()
    {
        Outcome outcome = Minigpt.RunWithInput(_folder.Root, ":help\n:quit\n", "sample", "--model", "model", "--interactive");
        const string help = "Each line is a prompt; :reset forgets the text, :temperature 0.7 changes the temperature, :help shows this, :quit ends.\n";
        Assert.Equal((0, "", help + help), (outcome.ExitCode, outcome.Output, outcome.Error)); // once at the beginning
        Outcome japanese = Minigpt.RunWithInput(_folder.Root, ":help\n", "sample", "--model", "model", "--interactive", "--language", "ja");
        Assert.Equal(2, japanese.Error.Split('\n').Count(line => line.Contains(":reset", StringComparison.Ordinal) && line.Contains("温度", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_closed_pipe_ends_the_program_quietly()
    {
        Outcome outcome = Minigpt.Shell(_folder.Root,
            "(minigpt sample --model model --prompt ROMEO: --tokens 2000000000; echo $? >code) | head -c 20; sleep 1; cat code");
        Assert.StartsWith("ROMEO:", outcome.Output);
        Assert.EndsWith("0\n", outcome.Output);
        Assert.Empty(outcome.Error);
    }

    [Theory]
    [InlineData("", "--prompt", "ROMEO:")]
    [InlineData("ROMEO:\n", "--interactive")]
    public void An_interrupt_ends_the_text_with_its_line_and_exit_code_130(string input, params string[] options)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "this is a signal of Unix");
        using Process process = Minigpt.StartWithInput(
            _folder.Root, input, ["sample", "--model", "model", "--tokens", "2000000000", .. options]);
        // More than the prompt: the model writes by then.
        Assert.Equal("ROMEO:".Length + 2, process.StandardOutput.ReadBlock(new char["ROMEO:".Length + 2]));
        SmallRun.Signal(process, SmallRun.Interrupt);
        Outcome outcome = Minigpt.OutcomeOf(process);
        Assert.Equal(130, outcome.ExitCode);
        Assert.EndsWith("\n", outcome.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("Unhandled", outcome.Error);
    }

    private string Sample(params string[] options) =>
        Minigpt.Success(_folder.Root, ["sample", "--model", "model", "--prompt", "ROMEO:", .. options]);
}
