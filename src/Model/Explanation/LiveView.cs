using System.Text.Json.Serialization;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Layers;
using MiniGpt.Model.Tokenizers;
using MiniGpt.Tensors.Storage;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace MiniGpt.Model.Explanation;

/// <summary>Why a page cannot run a model.</summary>
[JsonConverter(typeof(NameConverter<LiveObstacle>))]
public enum LiveObstacle
{
    /// <summary>Its weights are too many to travel inside.</summary>
    [JsonStringEnumMemberName("size")] Size,

    /// <summary>Its text is cut in a way that pages do not know.</summary>
    [JsonStringEnumMemberName("tokenizer")] Tokenizer,

    /// <summary>A weight is no number that can be rounded to 8 bits.</summary>
    [JsonStringEnumMemberName("numbers")] Numbers,
}

/// <summary>The choices of a decoder that its forward pass needs beside its sizes.</summary>
/// <param name="Norm">How a norm scales a row.</param>
/// <param name="NormEpsilon">Added to the variance, or to the mean square.</param>
/// <param name="Window">How many positions a query sees at most; 0 for all.</param>
/// <param name="Activation">The nonlinearity of the feed-forward layers.</param>
/// <param name="IsGated">Whether a gate decides how much of each number passes.</param>
/// <param name="EmbeddingScale">Multiplies the token embedding.</param>
/// <param name="Frequencies">The angles of rotary positions; null where positions are not rotary.</param>
public sealed record LiveChoices(
    NormKind Norm, double NormEpsilon, int Window, Activation Activation, bool IsGated, double EmbeddingScale, double[]? Frequencies);

/// <summary>A whole decoder that travels inside a page and runs there.</summary>
/// <param name="Obstacle">Why it does not; null where it does.</param>
/// <param name="Bytes">How long its weights are, as the page would carry them.</param>
/// <param name="MostBytes">How long they may be.</param>
/// <param name="Choices">What its forward pass needs to know; null where it does not run.</param>
/// <param name="Weights">Its parameters by their names, matrices in Q8_0; null where it does not run.</param>
/// <param name="Tokenizer">How text is cut; null where the model does not run.</param>
public sealed record LiveView(
    LiveObstacle? Obstacle, long Bytes, long MostBytes, LiveChoices? Choices = null, Dictionary<string, PackedNumbers>? Weights = null,
    LiveTokenizer? Tokenizer = null)
{
    private const long MostWeightBytes = 4_000_000; // of base64, so that a page that has them stays under 7 MB
    private const float MostMagnitude = 1e6f; // far above trained weights, and below the 8.3 million that Q8_0 can store

    internal static LiveView Of(Decoder<float> model, ITokenizer tokenizer)
    {
        long bytes = model.Parameters.All.Sum(BytesOf);
        LiveTokenizer? cut = LiveTokenizer.Of(tokenizer);
        LiveObstacle? obstacle = bytes > MostWeightBytes ? LiveObstacle.Size
            : cut is null ? LiveObstacle.Tokenizer
            : model.Parameters.All.All(CanBePacked) ? null : LiveObstacle.Numbers;
        if (obstacle is not null)
            return new LiveView(obstacle, bytes, MostWeightBytes);
        TransformerConfig config = model.Config;
        LiveChoices choices = new(
            config.Norm.Kind, config.Norm.Epsilon, config.Attention.Window, config.FeedForward.Activation, config.FeedForward.IsGated,
            config.EmbeddingScale, model.Stack.Rotary?.Frequencies);
        return new LiveView(null, bytes, MostWeightBytes, choices, model.Parameters.All.ToDictionary(parameter => parameter.Name, Packed), cut);
    }

    private static PackedNumbers Packed(Parameter<float> parameter) => QuantizedDecoder.Rounds(parameter)
        ? PackedNumbers.Q8(parameter.Value)
        : PackedNumbers.Exact(parameter.Value.Span, [.. Enumerable.Range(0, parameter.Shape.Rank).Select(axis => parameter.Shape[axis])]);

    private static bool CanBePacked(Parameter<float> parameter) =>
        MathF.Abs(TensorPrimitives.MaxMagnitude<float>(parameter.Value.Span)) <= MostMagnitude; // which no NaN is

    private static long BytesOf(Parameter<float> parameter)
    {
        long bytes = QuantizedDecoder.Rounds(parameter) ? parameter.Shape.Count / Q8Block.Size * Q8Block.Bytes : parameter.Shape.Count * sizeof(float);
        return (bytes + 2) / 3 * 4;
    }
}
