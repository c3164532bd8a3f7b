using System.Globalization;
using MiniGpt.Cli.Speech;
using MiniGpt.Cluster;
using MiniGpt.Model.Distribution;
using MiniGpt.Model.Layers;
using MiniGpt.Model.Training;

namespace MiniGpt.Cli.Options;

/// <summary>Refuses a run that does not fit into memory before it takes any.</summary>
internal static class MemoryCheck
{
    /// <summary>Throws where a run takes more than there is, naming options that would make it fit.</summary>
    /// <param name="config">The model.</param>
    /// <param name="options">The options of the run.</param>
    /// <param name="limit">What there is.</param>
    /// <param name="isNew">Whether the sizes can still be chosen: those of a resumed run cannot.</param>
    /// <param name="ranks">Who trains the model together; those of one machine share its memory.</param>
    /// <exception cref="InsufficientMemoryException">One line with what is needed, what there is, and what would fit.</exception>
    public static void Check(TransformerConfig config, TrainingOptions options, MemoryLimit limit, bool isNew, ICollective ranks)
    {
        MemoryEstimate need = MemoryEstimate.Of(config, options.BatchSize, options.Accumulate, ranks.Size);
        int here = ranks is MpiRanks several ? several.RanksHere : 1;
        limit = limit with { Bytes = limit.Bytes / here };
        if (need.Total <= limit.Bytes)
            return;
        string whose = LibraryMessages.Translated(limit.Whose);
        if (here > 1)
            whose = Messages.Of("memory.shared", ("whose", whose), ("processes", here));
        string advice = isNew
            ? Advice(MemoryEstimate.FindFitting(config, options, limit.Bytes))
            : Messages.Of("memory.resumed");
        throw new InsufficientMemoryException(Messages.Of("memory",
            ("total", Size(need.Total)), ("weights", Size(need.Weights)), ("optimizer", Size(need.Optimizer + need.Sums)),
            ("activations", Size(need.Activations + need.Objects)), ("whose", whose), ("limit", Size(limit.Bytes)), ("advice", advice)));
    }

    private static string Advice(FittingSizes? sizes) => sizes?.Change switch
    {
        SizeChange.Batch => Messages.Of("memory.batch", ("rows", sizes.BatchSize), ("accumulate", sizes.Accumulate), ("size", Size(sizes.Estimate.Total))),
        SizeChange.Context => Messages.Of("memory.context",
            ("context", sizes.Config.Context), ("rows", sizes.BatchSize), ("accumulate", sizes.Accumulate), ("size", Size(sizes.Estimate.Total))),
        SizeChange.Model => Messages.Of("memory.model",
            ("layers", sizes.Config.Layers), ("width", sizes.Config.Width), ("context", sizes.Config.Context), ("rows", sizes.BatchSize), ("size", Size(sizes.Estimate.Total))),
        _ => Messages.Of("memory.none"),
    };

    private static string Size(long bytes) => bytes < 1_000_000_000
        ? string.Create(CultureInfo.InvariantCulture, $"{Math.Max(0, bytes) / 1e6:F0} MB")
        : string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:F1} GB");
}
