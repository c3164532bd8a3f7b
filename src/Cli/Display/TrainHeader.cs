using MiniGpt.Cluster;
using MiniGpt.Model;
using MiniGpt.Model.Distribution;
using MiniGpt.Model.Layers;
using MiniGpt.Model.Training;
using MiniGpt.Tensors.Simd;
using MiniGpt.Tensors.Threading;

namespace MiniGpt.Cli.Display;

/// <summary>What is said before the first step: model, data, machine, folder.</summary>
internal static class TrainHeader
{
    public static void Show(TrainPlan plan, double ceiling, TimeSpan time, ICollective ranks)
    {
        TransformerConfig config = plan.Model.Config;
        TrainingData data = plan.Data;
        string amount = data.Pairs is { } pairs
            ? $"{pairs.Train.Count:N0} sentence pairs to train on, {pairs.Validation?.Count ?? 0:N0} to validate with"
            : $"{data.Train.Length:N0} tokens to train on, {(data.Validation is null ? "none" : $"{data.Validation.Length:N0}")} to validate with";
        string vectors = VectorWidth.Bits == 0 ? "no vectors" : $"vectors of {VectorWidth.Bits} bits";
        string layers = config.Recurrence is { } kind
            ? $"{config.Layers} layers of {OptionNames.Of(kind)}"
            : $"{(config.Source is null ? "" : $"{config.ToSource().Layers} + ")}{config.Layers} layers, {Heads(config.Attention)}";
        string sizes = $"{layers}, width {config.Width}, context {config.Context}";
        Talk.Say($"""
            model    {plan.Model.Parameters.TrainedCount:N0} parameters: {sizes}
            data     {amount}, vocabulary {config.VocabularySize:N0}
            machine  {Machines(ranks)}{Workers.Count} threads, {vectors}, at most {ceiling / 1e9:N0} GFLOP/s
            time     {About(time)} to step {plan.Options.Steps:N0}, at a guess
            units    loss in nats (natural logarithms) a token; MFU, model FLOPs
                     utilisation, is the share of those GFLOP/s in use
            output   {plan.Folder}

            """);
    }

    private static string Machines(ICollective ranks) => ranks is MpiRanks { Size: > 1 } several
        ? $"{ranks.Size} processes, {several.RanksHere} of them here ({several.Version}), each with "
        : "";

    private static string About(TimeSpan time) => time switch
    {
        { TotalDays: >= 2 } => $"{time.TotalDays:F0} days",
        { TotalHours: >= 2 } => $"{time.TotalHours:F0} hours",
        { TotalMinutes: >= 2 } => $"{time.TotalMinutes:F0} minutes",
        { TotalSeconds: >= 60 } => "a minute or two",
        _ => "less than a minute",
    };

    private static string Heads(AttentionConfig attention) => attention.KeyHeads == attention.Heads
        ? $"{attention.Heads} heads"
        : $"{attention.Heads} heads on {attention.KeyHeads} of keys";
}
