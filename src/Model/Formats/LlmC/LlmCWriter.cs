using System.Numerics;
using System.Runtime.InteropServices;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Formats.Families;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors.Storage;

namespace MiniGpt.Model.Formats.LlmC;

/// <summary>Writes a model file of llm.c, version 3 (float32), the vocabulary padded to a multiple of 128.</summary>
internal static class LlmCWriter
{
    public const string Extension = ".bin";

    private const int Padding = 128;

    /// <summary>Why llm.c cannot compute a model; null where it can. Its files have sizes alone, no choices.</summary>
    public static string? ReasonAgainst(TransformerConfig config) => config switch
    {
        _ when FamilyFormat.Of(config) is not Gpt2Format => $"an architecture other than GPT-2's, the only one of llm.c: {config.Architecture}",
        { IsTied: false } => "an output projection of its own: llm.c's is the token embedding",
        { FeedForward.Activation: not Activation.GeluTanh } =>
            $"the activation {OptionNames.Of(config.FeedForward.Activation)}: llm.c computes gelu_new",
        { Norm.Epsilon: not 1e-5 } => $"a layer norm epsilon of {config.Norm.Epsilon}: llm.c's is 1e-5",
        _ when config.FeedForwardWidth != 4L * config.Width =>
            $"a feed-forward width of {config.FeedForwardWidth}: llm.c's is 4 times the width",
        _ => null,
    };

    /// <summary>Writes a model.</summary>
    /// <exception cref="ArgumentException">llm.c cannot compute it, or a number is too large for a float.</exception>
    /// <exception cref="IOException">The stream cannot be written.</exception>
    public static void Write<T>(Stream stream, Decoder<T> model)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        TransformerConfig config = model.Config;
        Require.That(ReasonAgainst(config) is null, $"the model has {ReasonAgainst(config)}");
        int padded = checked(config.VocabularySize + Padding - 1) / Padding * Padding;
        int[] header = new int[LlmCReader.HeaderInts];
        ReadOnlySpan<int> sizes =
        [
            LlmCReader.Magic, LlmCReader.VersionOfFloats,
            config.Context, config.VocabularySize, config.Layers, config.Attention.Heads, config.Width, padded,
        ];
        sizes.CopyTo(header);
        stream.Write(MemoryMarshal.AsBytes<int>(header));

        foreach (Parameter<T> parameter in LlmCLayout.InOrder(model))
        {
            NumberWriter.Write<T>(stream, parameter.Name, StoredType.F32, parameter.Value.Span);
            if (LlmCLayout.IsPadded(parameter))
                NumberWriter.Write<T>(stream, parameter.Name, StoredType.F32, new T[(padded - config.VocabularySize) * config.Width]);
        }
    }
}
