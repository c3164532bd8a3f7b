using System.Diagnostics;
using MiniGpt.Tests.Cli.Safety;
using Xunit;

namespace MiniGpt.Tests.Cli;

[Collection("Alone")]
public sealed class StartUpTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_first_step_on_the_bundled_text_is_done_within_a_second_of_Enter()
    {
        int run = 0; // the first one also tokenises the text
        await Quickest.AssertWithin(TimeSpan.FromSeconds(1), async () =>
        {
            long start = Stopwatch.GetTimestamp();
            using Process process = Minigpt.Start(_folder.Root, "train", "--log-every", "1", "--eval-every", "0", "--out", $"run-{run++}");
            SmallRun.ReadToStep(process);
            TimeSpan time = Stopwatch.GetElapsedTime(start);
            process.Kill();
            await process.WaitForExitAsync();
            return time;
        });
    }
}
