using System.Text.Json;
using System.Text.RegularExpressions;
using Xunit;

namespace MiniGpt.Tests.Cli.Safety;

/// <summary>Situations at the edge of what a machine offers, each with the real program: how it ends and what it says.</summary>
[Collection("Runs")]
public sealed partial class LimitsTests : IDisposable
{
    private const string Nobody = "setpriv --reuid 65534 --regid 65534 --clear-groups";

    private static readonly string s_train = $"minigpt train {string.Join(' ', SmallRun.Model)} --steps 3 --log-every 1";

    private readonly TemporaryFolder _folder = new();

    public LimitsTests()
    {
        SmallRun.WriteText(_folder);
        // The child may be another user, who cannot look into the folder otherwise.
        Minigpt.Shell(_folder.Root, "chmod 755 .; mkdir files locked disk; chmod 700 locked; cp text.txt locked/");
    }

    public void Dispose()
    {
        Minigpt.Shell(_folder.Root, "umount disk 2>/dev/null");
        _folder.Dispose();
    }

    [Theory]
    [InlineData("a text named twice", 1, "text.txt is named twice", "minigpt train --data text.txt ./text.txt --out run")]
    [InlineData("a text named twice, once by its folder", 1, "text.txt is named twice", "minigpt train --data . text.txt --out run")]
    [InlineData("a text that is a folder without text", 1, "no text found", "minigpt train --data files --out run")]
    [InlineData("an output folder that is a file", 2, "text.txt", "minigpt train --data text.txt --context 8 --out text.txt")]
    [InlineData("a full standard output", 1, "No space left on device", "minigpt train TRAIN --out run >/dev/null 2>&1; minigpt sample --model run > /dev/full")]
    [InlineData("a closed standard output", 1, "standard output cannot be written", "minigpt train TRAIN --out run >/dev/null 2>&1; minigpt sample --model run >&-")]
    [InlineData("a text without permission", 1, "denied", "AS-NOBODY minigpt train --data locked/text.txt --out run")]
    [InlineData("a folder of text without permission", 1, "denied", "AS-NOBODY minigpt train --data locked --out run")]
    [InlineData("an output folder without permission", 1, "denied", "AS-NOBODY minigpt train TRAIN --out locked/run")]
    [InlineData("a run without permission to write", 1, "denied", "minigpt train TRAIN --out run >/dev/null 2>&1; AS-NOBODY minigpt train --resume run --steps 5")]
    [InlineData("a read-only output folder", 1, "Read-only file system", "MOUNT -o ro minigpt-disk disk; minigpt train TRAIN --out disk/run")]
    public void It_ends_in_one_line(string situation, int exitCode, string named, string script)
    {
        Outcome outcome = Run(script);
        Assert.True(outcome.ExitCode == exitCode, $"{situation}: {outcome.ExitCode}: {outcome.Error}");
        Assert.Empty(outcome.Output);
        Assert.StartsWith("minigpt: ", outcome.Error, StringComparison.Ordinal);
        Assert.Equal(outcome.Error.Length - 1, outcome.Error.IndexOf('\n'));
        Assert.Contains(named, outcome.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a terminal of width 1", "IN-A-TERMINAL stty cols 1 rows 3")]
    [InlineData("a terminal of width 0", "IN-A-TERMINAL stty cols 0 rows 0")]
    [InlineData("a terminal of width 30", "IN-A-TERMINAL stty cols 30 rows 3")]
    [InlineData("a dumb terminal", "IN-A-TERMINAL export TERM=dumb")]
    [InlineData("a terminal that nobody knows", "IN-A-TERMINAL export TERM=nonsense")]
    [InlineData("no terminal named", "unset TERM")]
    [InlineData("no standard input", "exec <&-")]
    [InlineData("no standard error", "exec 2>&-")]
    [InlineData("no console at all", "exec <&- >&- 2>&-")]
    [InlineData("no home", "unset HOME XDG_CONFIG_HOME PATH_TO_NOTHING")]
    [InlineData("a locale with decimal commas", "export LC_ALL=de_DE.UTF-8 LANG=de_DE.UTF-8")]
    [InlineData("the POSIX locale", "export LC_ALL=C LANG=C")]
    public void It_trains_as_anywhere(string situation, string before)
    {
        AssertTrains(situation, $"{before}; {s_train} --out run", "run");
        AssertNumbersHavePoints("run");
    }

    [Theory]
    [InlineData("出力 フォルダ/学習 1")]
    [InlineData("it's \"quoted\" & $HOME; *")]
    [InlineData("-")]
    public void A_path_is_whatever_a_file_system_takes(string path)
    {
        Directory.CreateDirectory(_folder.File(path));
        File.Copy(_folder.File("text.txt"), _folder.File($"{path}/本 文.txt"));
        string[] model = [.. SmallRun.Model.Select(argument => argument == "text.txt" ? $"{path}/本 文.txt" : argument)];
        Minigpt.Success(_folder.Root, ["train", .. model, "--steps", "3", "--out", $"{path}/run"]);
        Minigpt.Success(_folder.Root, "train", "--resume", $"{path}/run", "--steps", "4");
        Assert.NotEmpty(Minigpt.Success(_folder.Root, "sample", "--model", $"{path}/run", "--tokens", "5"));
    }

    [Fact]
    public void A_clock_that_jumps_moves_nothing()
    {
        AssertTrains("at first", $"{s_train} --out run", "run");
        // Files of 1971 and of 2100: as if the clock had been set back, and forth.
        Minigpt.Shell(_folder.Root, "touch -d 1971-01-01 run/training.json run/metrics.jsonl; touch -d 2100-01-01 run/model.safetensors text.txt");
        Minigpt.Success(_folder.Root, "train", "--resume", "run", "--steps", "5");
        Assert.NotEmpty(Minigpt.Success(_folder.Root, "sample", "--model", "run", "--tokens", "5"));
    }

    /// <summary>Runs a script that trains, and compares what it wrote with what the same training writes in a quiet place.</summary>
    private void AssertTrains(string situation, string script, string run)
    {
        Outcome outcome = Run(script);
        Assert.True(outcome.ExitCode == 0, $"{situation}: {outcome.ExitCode}: {outcome.Output}{outcome.Error}");
        Assert.DoesNotContain("   at ", outcome.Output + outcome.Error, StringComparison.Ordinal);
        Minigpt.Success(_folder.Root, ["train", .. SmallRun.Model, "--steps", "3", "--log-every", "1", "--out", "quiet"]);
        Assert.Equal(SmallRun.Checksums(_folder.File("quiet")), SmallRun.Checksums(_folder.File(run)));
        Assert.Equal(SmallRun.Log(_folder.File("quiet")), SmallRun.Log(_folder.File(run)));
    }

    private void AssertNumbersHavePoints(string run)
    {
        Outcome evaluation = Run($"export LC_ALL=de_DE.UTF-8; minigpt eval --model {run} --data text.txt");
        Assert.DoesNotMatch(DecimalComma(), evaluation.Output);
        Assert.Matches(@"loss +\d+\.\d{4} nats", evaluation.Output);
        Assert.All(File.ReadLines(_folder.File($"{run}/metrics.jsonl")), line => JsonDocument.Parse(line));
    }

    private Outcome Run(string script)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "these are situations of Unix");
        bool isRoot = Environment.UserName == "root";
        if (script.Contains("AS-NOBODY", StringComparison.Ordinal))
        {
            Assert.SkipUnless(isRoot, "root alone can become somebody without permission");
            Outcome reach = Minigpt.Shell(_folder.Root, $"{Nobody} minigpt --help");
            Assert.SkipUnless(reach.ExitCode == 0, $"another user cannot run the program from {AppContext.BaseDirectory}");
        }
        if (script.Contains("MOUNT", StringComparison.Ordinal))
        {
            Outcome mount = Minigpt.Shell(_folder.Root, "mount -t tmpfs -o size=4m minigpt-disk disk && umount disk");
            Assert.SkipUnless(mount.ExitCode == 0, $"nothing can be mounted here: {mount.Error}");
        }
        if (script.StartsWith("IN-A-TERMINAL ", StringComparison.Ordinal))
        {
            Assert.SkipUnless(Minigpt.Shell(_folder.Root, "script --version").ExitCode == 0, "there is no script(1) to make a terminal with");
            string inside = script["IN-A-TERMINAL ".Length..].Replace("minigpt train", $"{Minigpt.Command} train");
            _folder.Write("inside.sh", inside);
            return Minigpt.Shell(_folder.Root, "script --quiet --return --command 'sh inside.sh' /dev/null </dev/null");
        }
        return Minigpt.Shell(_folder.Root, script
            .Replace("AS-NOBODY", Nobody)
            .Replace("MOUNT", "mount -t tmpfs")
            .Replace("TRAIN", string.Join(' ', [.. SmallRun.Model, "--steps", "3"])));
    }

    [GeneratedRegex(@"\d,\d{4}\b")]
    private static partial Regex DecimalComma();
}
