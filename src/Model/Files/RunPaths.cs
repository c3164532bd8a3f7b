using System.Globalization;

namespace MiniGpt.Model.Files;

/// <summary>
/// What stands where in the folder of a training run: the newest checkpoint and the log in the folder itself, the checkpoint of the lowest
/// validation loss in best/, older ones in checkpoints/step-N/.
/// </summary>
/// <param name="Folder">The folder of the run.</param>
internal readonly record struct RunPaths(string Folder)
{
    public const string MetricsFile = "metrics.jsonl";
    public const string SamplesFile = "samples.jsonl";
    public const string ReportFile = "report.html";
    private const string BestFolder = "best";
    private const string OlderFolder = "checkpoints";
    private const string StepPrefix = "step-";

    public string Metrics => In(MetricsFile);

    public string Samples => In(SamplesFile);

    public string Report => In(ReportFile);

    public string Best => In(BestFolder);

    /// <summary>The folder of the run that a checkpoint belongs to, by the names of folders: best/ and checkpoints/step-N lie in it.</summary>
    public static string FolderOfRun(string checkpoint)
    {
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(checkpoint));
        string? parent = Path.GetDirectoryName(full);
        string? run = Path.GetFileName(full) == BestFolder ? parent
            : Path.GetFileName(parent) == OlderFolder ? Path.GetDirectoryName(parent)
            : full;
        return run ?? full;
    }

    public string In(string name) => Path.Combine(Folder, name);

    /// <summary>Where the checkpoint of a step is kept. The folder that it lies in is made.</summary>
    public string MakeOlder(int step)
    {
        Directory.CreateDirectory(In(OlderFolder));
        return Path.Combine(In(OlderFolder), FormattableString.Invariant($"{StepPrefix}{step}"));
    }

    /// <summary>The folders of older checkpoints that there are, the last step first.</summary>
    public string[] Older() => [.. OlderFolders(StepPrefix + "*")
        .Select(path => (Path: path, IsStep: int.TryParse(
            Path.GetFileName(path).AsSpan(StepPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int step), Step: step))
        .Where(older => older.IsStep)
        .OrderByDescending(older => older.Step)
        .Select(older => older.Path)];

    /// <summary>The folders of older checkpoints whose copying was stopped.</summary>
    public string[] CutOff() => OlderFolders(AtomicFile.PartialPath(StepPrefix + "*"));

    private string[] OlderFolders(string pattern) => Directory.Exists(In(OlderFolder)) ? Directory.GetDirectories(In(OlderFolder), pattern) : [];
}
