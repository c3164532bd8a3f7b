using System.Numerics;
using System.Text.Json.Nodes;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Distribution;
using MiniGpt.Model.Optimization;
using MiniGpt.Model.Tokenizers;

namespace MiniGpt.Model.Training;

/// <summary>All that a training run needs to go on where it stopped. Random numbers and batches follow from the seed and the step.</summary>
public sealed record Checkpoint<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>The options of the run.</summary>
    public required TrainingOptions Options { get; init; }

    /// <summary>How many steps are done.</summary>
    public required int Step { get; init; }

    /// <summary>How many tokens were seen.</summary>
    public required long Tokens { get; init; }

    /// <summary>The checksum of the data, <see cref="TrainingData.Hash"/>.</summary>
    public required string DataHash { get; init; }

    /// <summary>How many of the steps were passed over because their numbers were bad, <see cref="BadLossAction.Skip"/>.</summary>
    public int SkippedSteps { get; init; }

    /// <summary>The validation loss, in nats, of the best checkpoint so far and of a run that came to its end; else null.</summary>
    public double? ValidationLoss { get; init; }

    /// <summary>Whether the run came to its end, the evaluation after its last step included.</summary>
    public bool Finished { get; init; }

    /// <summary>
    /// How many bits a vector had where it was written; null where that is not known. Sums are cut by it, so that the last digits differ elsewhere.
    /// </summary>
    public int? VectorBits { get; init; }

    /// <summary>The model.</summary>
    public required LanguageModel<T> Model { get; init; }

    /// <summary>Its tokenizer; none where it learns from token files.</summary>
    public ITokenizer? Tokenizer { get; init; }

    /// <summary>The tokenizer of the texts that a translator reads: the same one, where the languages do not have one each.</summary>
    public ITokenizer? SourceTokenizer { get => field ?? Tokenizer; init; }

    /// <summary>Keys of config.json that mean nothing here.</summary>
    public JsonObject? ExtraKeys { get; init; }

    /// <summary>The optimizer with its state, its <see cref="Optimizer{T}.Step"/> the checkpoint's.</summary>
    public required Optimizer<T> Optimizer { get; init; }

    /// <summary>Among whom the state of the optimizer is divided; null where this process has all of it.</summary>
    internal ICollective? Ranks { get; init; }

    /// <summary>Is called before the other ranks have to send their state.</summary>
    internal Action? BeforeState { get; init; }
}
