using Xunit;

namespace MiniGpt.Tests.Cli.Safety;

[Collection("Runs")]
public sealed class MemoryLimitTests : IDisposable
{
    private const string Train = "minigpt train --preset gpt2 --context 512 --data text.txt --out run";

    private readonly TemporaryFolder _folder = new();

    public MemoryLimitTests() => SmallRun.WriteText(_folder);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void An_address_space_below_the_need_is_found_before_the_start()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "ulimit is a command of Unix");
        AssertSpeaksBeforeTheStart(Minigpt.Shell(_folder.Root, $"ulimit -v 3000000; {Train}"), "the limit of its address space leaves ");
    }

    [Fact]
    public void A_container_below_the_need_is_found_before_the_start()
    {
        // A control group with a limit is what a container is to the memory of a process.
        const string script = """
            name=minigpt-test-$$
            if [ -d /sys/fs/cgroup/memory ]; then group=/sys/fs/cgroup/memory/$name file=memory.limit_in_bytes
            else group=/sys/fs/cgroup/$name file=memory.max; fi
            mkdir "$group" 2>/dev/null && echo 700000000 2>/dev/null > "$group/$file" || { rmdir "$group" 2>/dev/null; exit 77; }
            sh -c "echo \$\$ > '$group/cgroup.procs' && exec RUN"
            code=$?
            rmdir "$group"
            exit $code
            """;
        Assert.SkipUnless(OperatingSystem.IsLinux(), "control groups are of Linux");
        Outcome outcome = Minigpt.Shell(_folder.Root, script.Replace("RUN", Train));
        Assert.SkipWhen(outcome.ExitCode == 77, "no control group with a limit of memory can be made here");
        AssertSpeaksBeforeTheStart(outcome, "the container leaves ");
    }

    private void AssertSpeaksBeforeTheStart(Outcome outcome, string named)
    {
        Assert.True(outcome.ExitCode == 1, $"{outcome.ExitCode}: {outcome.Error}");
        Assert.StartsWith("minigpt: training takes about ", outcome.Error, StringComparison.Ordinal);
        Assert.Single(outcome.Error.TrimEnd().Split('\n'));
        Assert.Contains(named, outcome.Error, StringComparison.Ordinal);
        Assert.Matches("leaves [0-9.]+ [MG]B: --.* takes ", outcome.Error);
        Assert.False(Directory.Exists(_folder.File("run")));
    }
}
