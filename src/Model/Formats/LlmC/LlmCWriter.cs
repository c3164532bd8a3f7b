using System.Numerics;
using System.Runtime.InteropServices;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors.Storage;

namespace MiniGpt.Model.Formats.LlmC;

/// <summary>Writes a model file of llm.c, version 3 (float32), the vocabulary padded to a multiple of 128.</summary>
internal static class LlmCWriter
{
    public const string Extension = ".bin";

    private const int Padding = 128;

    /// <summary>Why llm.c cannot compute a model; null where it can. Its files have sizes alone, no choices.</summary>
    public static string? ReasonAgainst(GptConfig config) => config switch
    {
        { TiedHead: false } => "an output projection of its own: llm.c's is the token embedding",
        { Activation: not Activation.GeluTanh } => $"the activation {OptionNames.Of(config.Activation)}: llm.c computes gelu_new",
        { LayerNormEpsilon: not 1e-5 } => $"a layer norm epsilon of {config.LayerNormEpsilon}: llm.c's is 1e-5",
        _ when config.FeedForwardWidth != 4L * config.Width =>
            $"a feed-forward width of {config.FeedForwardWidth}: llm.c's is 4 times the width",
        _ => null,
    };

    /// <summary>Writes a model.</summary>
    /// <exception cref="ArgumentException">llm.c cannot compute it, or a number is too large for a float.</exception>
    /// <exception cref="IOException">The stream cannot be written.</exception>
    public static void Write<T>(Stream stream, Gpt<T> gpt)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        GptConfig config = gpt.Config;
        Require.That(ReasonAgainst(config) is null, $"the model has {ReasonAgainst(config)}");
        int padded = checked(config.VocabularySize + Padding - 1) / Padding * Padding;
        int[] header = new int[LlmCReader.HeaderInts];
        ReadOnlySpan<int> sizes =
        [
            LlmCReader.Magic, LlmCReader.VersionOfFloats,
            config.Context, config.VocabularySize, config.Layers, config.Heads, config.Width, padded,
        ];
        sizes.CopyTo(header);
        stream.Write(MemoryMarshal.AsBytes<int>(header));

        Dictionary<string, Parameter<T>> parameters = gpt.Parameters.All.ToDictionary(parameter => parameter.Name);
        foreach (string name in LlmCLayout.InOrder(config.Layers))
        {
            NumberWriter.Write<T>(stream, name, StoredType.F32, parameters[name].Value.Span);
            if (name == WeightNames.Table)
                NumberWriter.Write<T>(stream, name, StoredType.F32, new T[(padded - config.VocabularySize) * config.Width]);
        }
    }
}
