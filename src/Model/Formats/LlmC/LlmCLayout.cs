using MiniGpt.Model.Architectures;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors.Storage;

namespace MiniGpt.Model.Formats.LlmC;

/// <summary>
/// The order of llm.c's parameters, which have no names in its files: each for all layers in one piece. Every matrix is [out, in], as in the
/// model.
/// </summary>
internal static class LlmCLayout
{
    private const string Table = "tokens.weight";

    /// <summary>The parameters of a model in the order of the file.</summary>
    public static IEnumerable<Parameter<T>> InOrder<T>(Decoder<T> model)
        where T : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<T>
    {
        IReadOnlyList<Parameter<T>> all = model.Parameters.All;
        int inBlock = (all.Count - 4) / model.Config.Layers; // beside the two tables and the last norm
        return
        [
            all[0], all[1],
            .. Enumerable.Range(0, inBlock).SelectMany(i => Enumerable.Range(0, model.Config.Layers).Select(layer => all[2 + layer * inBlock + i])),
            all[^2], all[^1],
        ];
    }

    /// <summary>How many numbers a file has.</summary>
    public static Int128 CountOf(TransformerConfig config, int paddedVocabulary) =>
        new ModelShape(config).Count + (Int128)(paddedVocabulary - config.VocabularySize) * config.Width;

    /// <summary>The tensors of a file, under the names that the parameters have in the model. The padding of the embedding belongs to none.</summary>
    public static List<StoredTensor> TensorsOf(TransformerConfig config, int paddedVocabulary, StoredType type)
    {
        List<StoredTensor> tensors = [];
        long begin = 0;
        foreach (Parameter<float> parameter in InOrder(new Decoder<float>(config)))
        {
            long[] shape = parameter.Shape.Rank == 2 ? [parameter.Shape[0], parameter.Shape[1]] : [parameter.Shape[0]];
            long bytes = StoredTensor.BytesOf(type, shape)!.Value; // the whole file has a length, so its parts have
            tensors.Add(new StoredTensor(parameter.Name, type, shape, begin, begin + bytes));
            begin += parameter.Name == Table ? bytes / config.VocabularySize * paddedVocabulary : bytes;
        }
        return tensors;
    }

    /// <summary>Whether a parameter is the one that is padded.</summary>
    public static bool IsPadded<T>(Parameter<T> parameter)
        where T : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<T> => parameter.Name == Table;
}
