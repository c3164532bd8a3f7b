using System.Text.RegularExpressions;
using MiniGpt.Tests.Cli.Safety;
using Xunit;

namespace MiniGpt.Tests.Cli;

/// <summary>What moves on a terminal while the program works, and that nothing of it is left behind.</summary>
[Collection("Runs")]
public sealed class LiveDisplayTests : IDisposable
{
    private static readonly string[] s_small = ["--layers", "1", "--heads", "2", "--width", "64", "--context", "32", "--batch-size", "4"];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_long_evaluation_shows_how_far_it_is_and_leaves_the_result_alone()
    {
        Assert.SkipUnless(Minigpt.Shell(_folder.Root, "script --version").ExitCode == 0, "there is no script(1) to make a terminal with");
        _folder.Write("text.txt", string.Concat(Enumerable.Repeat("To be, or not to be: that is the question.\n", 40_000)));
        Minigpt.Success(_folder.Root, ["train", "--data", "text.txt", "--steps", "1", "--eval-every", "0", "--validation-fraction", "0", "--out", "run", .. s_small]);
        string expected = Minigpt.Success(_folder.Root, "eval", "--model", "run", "--data", "text.txt", "--json", "--threads", "1");

        _folder.Write("inside.sh", $"stty cols 80 rows 24\nTERM=xterm-256color {Minigpt.Command} eval --model run --data text.txt --json --threads 1 >result.json\n");
        Outcome outcome = Minigpt.Shell(_folder.Root, "script --quiet --return --command 'sh inside.sh' /dev/null </dev/null");
        Assert.True(outcome.ExitCode == 0, outcome.Output);
        Assert.Equal(expected, File.ReadAllText(_folder.File("result.json")));
        Assert.Matches("evaluating ━*─+ +[0-9]+ % +0:[0-9]{2} left", outcome.Output);
        Assert.EndsWith("\r\u001b[C\u001b[J\r\u001b[K", outcome.Output); // and is taken off the screen
    }

    [Fact]
    public void An_evaluation_within_training_is_shown_below_the_steps()
    {
        Assert.SkipUnless(Minigpt.Shell(_folder.Root, "script --version").ExitCode == 0, "there is no script(1) to make a terminal with");
        SmallRun.WriteText(_folder);
        string options = string.Join(' ', [.. s_small, "--steps", "2", "--eval-every", "1", "--eval-batches", "4000", "--threads", "1", "--out", "run"]);
        _folder.Write("inside.sh", $"stty cols 80 rows 24\nTERM=xterm-256color {Minigpt.Command} train --data text.txt {options}\n");
        Outcome outcome = Minigpt.Shell(_folder.Root, "script --quiet --return --command 'sh inside.sh' /dev/null </dev/null");
        Assert.True(outcome.ExitCode == 0, outcome.Output);
        Assert.Matches("evaluating ━*─+ +[0-9]+ % +0:[0-9]{2} left", outcome.Output);
        Assert.Contains("2 steps", outcome.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("en", "^time     about [0-9]+ (hours|days) on 1 core to step 1,000,000,000, at a guess; --preset (long|quick) takes ")]
    [InlineData("ja", "^時間     ステップ 1,000,000,000 まで 1 コアで約 [0-9]+ (時間|日)（見積もり）。--preset (long|quick) なら ")]
    public void A_run_of_hours_says_so_before_it_starts_and_names_a_preset_that_is_over_sooner(string language, string expected)
    {
        SmallRun.WriteText(_folder);
        using System.Diagnostics.Process process = Minigpt.Start(_folder.Root,
            ["train", "--data", "text.txt", "--steps", "1000000000", "--threads", "1", "--out", "run", "--language", language, .. s_small]);
        string header = SmallRun.ReadTo(process, language == "ja" ? "出力" : "output");
        process.Kill();
        process.WaitForExit();
        Assert.Single(header.Split('\n'), line => Regex.IsMatch(line, expected));
        Assert.Contains(language == "ja" ? "1 スレッド" : "1 thread,", header, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_short_shows_nothing()
    {
        Assert.SkipUnless(Minigpt.Shell(_folder.Root, "script --version").ExitCode == 0, "there is no script(1) to make a terminal with");
        _folder.Write("inside.sh", $"stty cols 80 rows 24\nTERM=xterm-256color {Minigpt.Command} lesson scaling >result.txt\n");
        Outcome outcome = Minigpt.Shell(_folder.Root, "script --quiet --return --command 'sh inside.sh' /dev/null </dev/null");
        Assert.Equal(0, outcome.ExitCode);
        Assert.Equal("", outcome.Output.Replace("\u001b[?1h\u001b=", "", StringComparison.Ordinal)); // with which .NET greets every terminal
    }

    [Fact]
    public void A_terminal_that_is_resized_keeps_no_line_of_an_old_frame()
    {
        Assert.SkipUnless(Minigpt.Shell(_folder.Root, "tmux -V").ExitCode == 0, "there is no tmux to resize");
        SmallRun.WriteText(_folder);
        string options = string.Join(' ', [.. s_small, "--steps", "100000", "--eval-every", "200", "--eval-batches", "1", "--out", "run"]);
        _folder.Write("inside.sh", $"trap : INT\n{Minigpt.Command} train --data text.txt {options}\nsleep 60\n");
        _folder.Write("resize.sh", """
            t() { tmux -L "resized-$$" "$@"; }
            wait_for() {
              for n in $(seq 600); do
                if t capture-pane -p -t resized >screen.txt && grep -q "$1" screen.txt; then return; fi
                sleep 0.1
              done
              cat screen.txt
              t kill-server
              exit 1
            }
            t new-session -d -s resized -x 100 -y 30 'sh inside.sh'
            wait_for '^step .*left'
            for width in 70 50 120 44 100; do t resize-window -t resized -x $width; sleep 0.3; done
            t send-keys -t resized C-c
            wait_for 'Continue with'
            t capture-pane -p -t resized -S -2000
            t kill-server
            """);
        // A frame that is broken while the terminal reads it can leave a line, once in a hundred times.
        for (int attempt = 0; ; attempt++)
        {
            Outcome outcome = Minigpt.Shell(_folder.Root, "rm -rf run; LC_ALL=C.UTF-8 bash resize.sh");
            Assert.True(outcome.ExitCode == 0, outcome.Output + outcome.Error);
            string[] lines = outcome.Output.Split('\n');
            Assert.Contains(lines, line => line.StartsWith("step 200: training loss", StringComparison.Ordinal));
            Assert.Contains(lines, line => line.StartsWith("model    ", StringComparison.Ordinal));
            string[] left = [.. lines.Where(line => Regex.IsMatch(line, "^(step +[0-9]+/100000 |loss +[0-9.]+ {2}|learning rate )"))];
            if (left.Length == 3)
                return; // the last frame, which stays
            Assert.True(attempt < 3, string.Join('\n', lines));
        }
    }
}
