using System.Text.Json;
using MiniGpt.Model.Files;

namespace MiniGpt.Model.Training;

/// <summary>A step as a curve shows it.</summary>
/// <param name="Step">The steps done.</param>
/// <param name="Loss">The loss of the step's batch, in nats; null where it was no number.</param>
/// <param name="SmoothLoss">The running mean of the losses up to here.</param>
/// <param name="LearningRate">The learning rate.</param>
/// <param name="GradientNorm">The norm of the gradient, before clipping.</param>
/// <param name="TokensPerSecond">The speed.</param>
public sealed record HistoryPoint(
    int Step, double? Loss, double? SmoothLoss, double? LearningRate, double? GradientNorm, double? TokensPerSecond);

/// <summary>An evaluation as a curve shows it.</summary>
public sealed record HistoryEvaluation(int Step, double? TrainLoss, double? ValidationLoss);

/// <summary>What the model wrote after so many steps.</summary>
public sealed record HistorySample(int Step, string Text);

/// <summary>What a training run has written about itself: metrics.jsonl, samples.jsonl and the options in training.json.</summary>
/// <param name="Name">The folder's name.</param>
/// <param name="Steps">The logged steps; of very many, some.</param>
/// <param name="Evaluations">The evaluations.</param>
/// <param name="Samples">The samples.</param>
/// <param name="Options">The options of the run, as JSON has them.</param>
/// <param name="Tokens">The tokens seen.</param>
public sealed record TrainingHistory(
    string Name, IReadOnlyList<HistoryPoint> Steps, IReadOnlyList<HistoryEvaluation> Evaluations, IReadOnlyList<HistorySample> Samples,
    IReadOnlyDictionary<string, string> Options, long Tokens)
{
    private const int MostPoints = 2000;
    private const double Forgets = 0.25; // a running mean of about four logged steps

    /// <summary>The last step that was logged or evaluated; 0 where none was.</summary>
    public int LastStep => Math.Max(Steps.Count > 0 ? Steps[^1].Step : 0, Evaluations.Count > 0 ? Evaluations[^1].Step : 0);

    /// <summary>The lowest validation loss; null where there is none.</summary>
    public double? BestValidationLoss => Evaluations.Min(evaluation => evaluation.ValidationLoss);

    /// <summary>The last validation loss, after the last step that over the whole split; null where there is none.</summary>
    public double? LastValidationLoss => Evaluations.LastOrDefault(evaluation => evaluation.ValidationLoss is not null)?.ValidationLoss;

    /// <summary>Reads the folder of a run.</summary>
    /// <exception cref="FileFormatException">It is no such folder, or a line is none of these logs.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static TrainingHistory Read(string folder)
    {
        string metrics = Path.Combine(folder, RunPaths.MetricsFile), samples = Path.Combine(folder, RunPaths.SamplesFile);
        if (!File.Exists(metrics))
            throw new FileFormatException(folder, $"no {RunPaths.MetricsFile} found, the folder of a training run expected");

        List<HistoryPoint> steps = [];
        List<HistoryEvaluation> evaluations = [];
        long tokens = 0;
        double mean = 0, weight = 0;
        foreach (JsonElement line in Lines(metrics))
        {
            int step = Step(metrics, line);
            if (line.TryGetProperty("train_loss", out _))
            {
                evaluations.Add(new HistoryEvaluation(step, Number(line, "train_loss"), Number(line, "validation_loss")));
                continue;
            }
            double? loss = Number(line, "loss");
            if (loss is double value)
            {
                mean += Forgets * (value - mean);
                weight += Forgets * (1 - weight);
            }
            steps.Add(new HistoryPoint(step, loss, weight > 0 ? mean / weight : null,
                Number(line, "learning_rate"), Number(line, "gradient_norm"), Number(line, "tokens_per_second")));
            tokens = (long)(Number(line, "tokens") ?? tokens);
        }

        HistorySample[] texts = File.Exists(samples)
            ? [.. Lines(samples).Select(line => new HistorySample(Step(samples, line), Text(line, "sample")))]
            : [];
        return new TrainingHistory(Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder))),
            Thinned(steps), evaluations, texts, ReadOptions(folder), tokens);
    }

    private static List<HistoryPoint> Thinned(List<HistoryPoint> points)
    {
        int every = (points.Count + MostPoints - 1) / MostPoints;
        return every <= 1 ? points : [.. points.Where((_, index) => index % every == 0 || index == points.Count - 1)];
    }

    /// <summary>Whole lines; a last one that is just being written is left out.</summary>
    private static IEnumerable<JsonElement> Lines(string path)
    {
        // Others may be writing.
        using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using StreamReader reader = new(stream);
        string[] lines = reader.ReadToEnd().Split('\n')[..^1];
        for (int i = 0; i < lines.Length; i++)
            yield return JsonFile.Parse($"{path}, line {i + 1}", System.Text.Encoding.UTF8.GetBytes(lines[i]), line => line.Clone());
    }

    private static int Step(string path, JsonElement line) =>
        line.TryGetProperty("step", out JsonElement step) && step.ValueKind == JsonValueKind.Number && step.TryGetInt32(out int value)
            ? value
            : throw new FileFormatException(path, "a line without a step found, a whole number expected in each");

    private static double? Number(JsonElement line, string key) =>
        line.TryGetProperty(key, out JsonElement number) && number.ValueKind == JsonValueKind.Number ? number.GetDouble() : null;

    private static string Text(JsonElement line, string key) =>
        line.TryGetProperty(key, out JsonElement text) && text.ValueKind == JsonValueKind.String ? text.GetString()! : "";

    private static Dictionary<string, string> ReadOptions(string folder)
    {
        string training = Path.Combine(folder, ModelFiles.Training);
        if (!File.Exists(training))
            return []; // no checkpoint yet
        return JsonFile.Read(training, root => root.TryGetProperty("options", out JsonElement options) && options.ValueKind == JsonValueKind.Object
            ? options.EnumerateObject().ToDictionary(option => option.Name, option => option.Value.ToString())
            : []);
    }
}
