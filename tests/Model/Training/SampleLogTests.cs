using MiniGpt.Model.Data;
using MiniGpt.Model.Files;
using MiniGpt.Model.Training;
using Xunit;

namespace MiniGpt.Tests.Model.Training;

public sealed class SampleLogTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string LogPath => _folder.File("samples.jsonl");

    [Fact]
    public void Samples_are_lines_and_are_passed_on()
    {
        Recorder recorder = new();
        using (SampleLog log = new(LogPath, recorder))
        {
            log.Started(0, 20);
            log.Sampled(10, "To be");
            log.Evaluating(10, new DataProgress("evaluating", 1, 2));
            log.Saved(10);
        }
        SampleLog.Append(LogPath, 20, "or not");
        Assert.Equal("{\"step\":10,\"sample\":\"To be\"}\n{\"step\":20,\"sample\":\"or not\"}\n", File.ReadAllText(LogPath));
        Assert.Equal(["sampled 10", "evaluating 10: 1 of 2", "saved 10"], recorder.Told);
    }

    [Fact]
    public void A_sample_that_cannot_be_written_is_told_of_once()
    {
        FillTheDisk();
        Recorder recorder = new();
        using (SampleLog log = new(LogPath, recorder))
        {
            log.Started(10, 40);
            log.Sampled(20, "To be");
            log.Sampled(30, "or not");
            log.Saved(30);
        }
        Assert.Equal(["not saved 20, saved 10: No space left on device", "sampled 20", "sampled 30", "saved 30"], recorder.Told);
    }

    [Fact]
    public void A_last_sample_that_cannot_be_written_is_an_error()
    {
        FillTheDisk();
        Assert.Contains("No space left on device",
            Assert.Throws<IOException>(() => SampleLog.Append(LogPath, 20, "To be")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("link", "is a link, and a log is not written into what a link leads to")]
    [InlineData("pipe", "is a pipe or a device, a file expected")]
    [InlineData("folder", "is a folder, a file expected")]
    public void A_log_that_is_no_ordinary_file_is_refused_and_what_a_link_leads_to_stays(string kind, string reason)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() || kind == "folder", "made with the commands of Linux");
        string other = _folder.Write("other.txt", "precious\n");
        switch (kind)
        {
            case "link":
                File.CreateSymbolicLink(LogPath, other);
                break;
            case "pipe":
                SpecialFiles.MakePipe(LogPath);
                break;
            default:
                Directory.CreateDirectory(LogPath);
                break;
        }
        foreach (Action open in (Action[])[() => MetricsLog.Open(LogPath, 5), () => SampleLog.Append(LogPath, 5, "To be")])
            Assert.Contains(reason, Assert.Throws<IOException>(open).Message, StringComparison.Ordinal);
        Assert.Equal("precious\n", File.ReadAllText(other));
    }

    public void Dispose()
    {
        Disk.Watch(null);
        _folder.Dispose();
    }

    /// <summary>From here on there is no room for anything that is written.</summary>
    private static void FillTheDisk() => Disk.Watch((step, _, isDone) =>
    {
        if (step == DiskStep.Write && !isDone)
            throw new IOException("No space left on device");
    });

    private sealed class Recorder : ITrainingObserver
    {
        public List<string> Told { get; } = [];

        public void Started(int firstStep, int steps)
        {
        }

        public void Stepped(in StepMetrics metrics)
        {
        }

        public void Evaluating(int step, in DataProgress progress) => Told.Add($"evaluating {step}: {progress.Done} of {progress.Total}");

        public void Evaluated(in EvaluationMetrics metrics)
        {
        }

        public void Sampled(int step, string text) => Told.Add($"sampled {step}");

        public void Saved(int step) => Told.Add($"saved {step}");

        public void NotSaved(int step, int? savedStep, string reason) =>
            Told.Add($"not saved {step}, saved {savedStep}: {reason[..Math.Min(reason.Length, "No space left on device".Length)]}");

        public void Skipped(TrainingDivergedException reason, int count)
        {
        }
    }
}
