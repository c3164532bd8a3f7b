using System.Numerics;
using System.Text.Json.Nodes;
using MiniGpt.Model.Tokenizers;
using MiniGpt.Tensors;

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

    /// <summary>The model.</summary>
    public required Gpt<T> Gpt { get; init; }

    /// <summary>Its tokenizer; none where it learns from token files.</summary>
    public ITokenizer? Tokenizer { get; init; }

    /// <summary>Keys of config.json that mean nothing here.</summary>
    public JsonObject? ExtraKeys { get; init; }

    /// <summary>Adam's mean of the gradients, laid out as the model's parameters.</summary>
    public required Tensor<T> FirstMoment { get; init; }

    /// <summary>Adam's mean of the gradients' squares, laid out as the model's parameters.</summary>
    public required Tensor<T> SecondMoment { get; init; }
}
