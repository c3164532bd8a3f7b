using MiniGpt.Cli.Speech;
using MiniGpt.Cluster;
using MiniGpt.Model;
using MiniGpt.Model.Distribution;
using MiniGpt.Model.Layers;
using MiniGpt.Model.Tasks;
using MiniGpt.Model.Training;
using MiniGpt.Tensors.Simd;
using MiniGpt.Tensors.Threading;

namespace MiniGpt.Cli.Display;

/// <summary>What is said before the first step: model, data, machine, folder.</summary>
internal static class TrainHeader
{
    private static readonly TimeSpan s_long = TimeSpan.FromMinutes(10);
    private static readonly TrainingPreset[] s_shorter = [TrainingPreset.LongRun, TrainingPreset.Quick]; // the longest that is much shorter is named

    public static void Show(TrainPlan plan, TrainingRun<float> run, ICollective ranks)
    {
        TransformerConfig config = plan.Model.Config;
        TrainingData data = plan.Data;
        string amount = data.Pairs is { } pairs
            ? Messages.Of("header.pairs", ("train", $"{pairs.Train.Count:N0}"), ("validation", $"{pairs.Validation?.Count ?? 0:N0}"))
            : Messages.Of("header.tokens",
                ("train", $"{data.Train.Length:N0}"), ("validation", data.Validation is null ? Messages.Of("header.none") : $"{data.Validation.Length:N0}"));
        string sizes = Messages.Of("header.sizes", ("layers", Layers(config)), ("width", config.Width), ("context", config.Context));
        Talk.SayFact(Messages.Of("header.model", ("parameters", $"{plan.Model.Parameters.TrainedCount:N0}"), ("sizes", sizes)));
        Talk.SayFact(Messages.Of("header.data", ("amount", amount), ("vocabulary", $"{config.VocabularySize:N0}")));
        Talk.SayFact(Messages.Of("header.machine", ("machines", Machines(ranks)), ("threads", Workers.Count), ("vectors", Vectors(VectorWidth.Bits)), ("ceiling", $"{run.Ceiling / 1e9:N0}")));
        Talk.SayFact(Time(plan, run, Math.Min(Workers.Count, Environment.ProcessorCount) * ranks.Size));
        Talk.SayFact(Messages.Of("header.units"));
        Talk.SayFact($"{Messages.Of("header.output", ("folder", plan.Folder))}\n");
    }

    /// <summary>How long the run will take. Of one that takes long, what it is computed with, and a preset that is over much sooner.</summary>
    private static string Time(TrainPlan plan, TrainingRun<float> run, int cores)
    {
        TimeSpan time = run.ExpectedTime;
        string steps = $"{plan.Options.Steps:N0}";
        if (time < s_long)
            return Messages.Of("header.time", ("time", About(time)), ("steps", steps));
        string line = Messages.Of("header.time-long", ("time", About(time)), ("steps", steps), ("cores", cores));
        if (plan.Checkpoint is not null || plan.Options.Task != TaskKind.Next)
            return line;
        foreach (TrainingPreset preset in s_shorter)
        {
            TimeSpan shorter = run.ExpectedTimeOf(TrainingOptions.For(preset) with { Data = plan.Options.Data, VocabularySize = plan.Options.VocabularySize });
            if (shorter < time / 4)
                return $"{line}{Messages.Of("header.time-shorter", ("preset", OptionNames.Of(preset)), ("time", About(shorter)))}";
        }
        return line;
    }

    /// <summary>Vectors of so many bits, in words.</summary>
    public static string Vectors(int bits) => bits == 0 ? Messages.Of("vectors.none") : Messages.Of("vectors.bits", ("bits", bits));

    private static string Layers(TransformerConfig config) => config.Recurrence is { } kind
        ? Messages.Of("header.layers-recurrent", ("layers", config.Layers), ("kind", OptionNames.Of(kind)))
        : config.Source is null
            ? Messages.Of("header.layers", ("layers", config.Layers), ("heads", Heads(config.Attention)))
            : Messages.Of("header.layers-both", ("source", config.ToSource().Layers), ("layers", config.Layers), ("heads", Heads(config.Attention)));

    private static string Machines(ICollective ranks) => ranks is MpiRanks { Size: > 1 } several
        ? Messages.Of("header.machines", ("processes", ranks.Size), ("here", several.RanksHere), ("version", several.Version))
        : "";

    private static string About(TimeSpan time) => time switch
    {
        { TotalDays: >= 2 } => Messages.Of("header.days", ("count", $"{time.TotalDays:F0}")),
        { TotalHours: >= 2 } => Messages.Of("header.hours", ("count", $"{time.TotalHours:F0}")),
        { TotalMinutes: >= 2 } => Messages.Of("header.minutes", ("count", $"{time.TotalMinutes:F0}")),
        { TotalSeconds: >= 60 } => Messages.Of("header.two-minutes"),
        _ => Messages.Of("header.one-minute"),
    };

    private static string Heads(AttentionConfig attention) => attention.KeyHeads == attention.Heads
        ? Messages.Of("header.heads", ("heads", attention.Heads))
        : Messages.Of("header.heads-grouped", ("heads", attention.Heads), ("keys", attention.KeyHeads));
}
