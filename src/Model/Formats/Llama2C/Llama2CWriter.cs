using System.Numerics;
using System.Runtime.InteropServices;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Formats.Families;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors.Storage;

namespace MiniGpt.Model.Formats.Llama2C;

/// <summary>Writes a model file of llama2.c, float32.</summary>
internal static class Llama2CWriter
{
    /// <summary>Why llama2.c cannot compute a model; null where it can. Its files have sizes alone, no choices.</summary>
    public static string? ReasonAgainst(TransformerConfig config) => config switch
    {
        _ when FamilyFormat.Of(config) is not LlamaFormat => $"an architecture other than Llama's, the only one of llama2.c: {config.Architecture}",
        { Attention: not { HasBias: false, NormsQueriesAndKeys: false, Window: 0 } } or { FeedForward.HasBias: true } =>
            "biases, norms on queries and keys, or a window of attention: llama2.c has none",
        { Norm.Epsilon: not 1e-5 } => $"a norm epsilon of {config.Norm.Epsilon}: llama2.c's is 1e-5",
        { Positions: not { RotaryBase: 10000, RotaryScaling: null } } => "other rotary positions than those of base 10000: llama2.c has no others",
        { FeedForward.Activation: not Activation.Silu } => $"the activation {OptionNames.Of(config.FeedForward.Activation)}: llama2.c computes silu",
        _ when config.HeadSize * config.Attention.Heads != config.Width => "a head size of its own",
        _ => null,
    };

    /// <summary>Writes a model.</summary>
    /// <exception cref="ArgumentException">llama2.c cannot compute it, or a number is too large for a float.</exception>
    /// <exception cref="IOException">The stream cannot be written.</exception>
    public static void Write<T>(Stream stream, Decoder<T> model)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        TransformerConfig config = model.Config;
        Require.That(ReasonAgainst(config) is null, $"the model has {ReasonAgainst(config)}");
        ReadOnlySpan<int> header =
        [
            config.Width, config.FeedForwardWidth, config.Layers, config.Attention.Heads, config.Attention.KeyHeads,
            config.IsTied ? config.VocabularySize : -config.VocabularySize, config.Context,
        ];
        stream.Write(MemoryMarshal.AsBytes(header));
        Dictionary<string, (Parameter<T> Parameter, FilePart Part)> parts = model.Parameters.All
            .SelectMany(parameter => ModelWeights.Layout(Llama2CLayout.Map, parameter).Select(part => (parameter, part)))
            .ToDictionary(pair => pair.part.Name);
        T[] buffer = [];
        foreach (string name in Llama2CLayout.InOrder(config))
        {
            if (name.Length == 0)
            {
                WriteAngles(stream, model);
                continue;
            }
            (Parameter<T> parameter, FilePart part) = parts[name];
            NumberWriter.Write(stream, name, StoredType.F32, ModelWeights.InFileOrder(part, config.HeadSize, parameter.Value.Span, ref buffer));
        }
    }

    /// <summary>The cosines of all positions, then their sines: readers pass them over, but the file has them.</summary>
    private static void WriteAngles<T>(Stream stream, Decoder<T> model)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        double[] frequencies = model.Stack.Rotary!.Frequencies;
        double[] angles = [.. Enumerable.Range(0, model.Config.Context).SelectMany(position => frequencies.Select(frequency => position * frequency))];
        NumberWriter.Write<double>(stream, "freq_cis_real", StoredType.F32, Array.ConvertAll(angles, Math.Cos));
        NumberWriter.Write<double>(stream, "freq_cis_imag", StoredType.F32, Array.ConvertAll(angles, Math.Sin));
    }
}
