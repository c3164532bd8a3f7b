using System.Diagnostics;
using MiniGpt.Tests.Cli.Safety;
using Xunit;

namespace MiniGpt.Tests.Cli;

[Collection("Runs")]
public sealed class StartUpTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_first_step_on_the_bundled_text_is_done_within_a_second_of_Enter()
    {
        // The quickest of some tries: what else the machine does is not measured here. The first one also tokenises the text.
        TimeSpan quickest = TimeSpan.MaxValue;
        for (int i = 0; i < 8 && quickest > TimeSpan.FromSeconds(1); i++)
        {
            long start = Stopwatch.GetTimestamp();
            using Process process = Minigpt.Start(_folder.Root, "train", "--log-every", "1", "--eval-every", "0", "--out", $"run-{i}");
            SmallRun.ReadToStep(process);
            TimeSpan time = Stopwatch.GetElapsedTime(start);
            quickest = time < quickest ? time : quickest;
            process.Kill();
            process.WaitForExit();
        }
        Assert.InRange(quickest, TimeSpan.Zero, TimeSpan.FromSeconds(1));
    }
}
