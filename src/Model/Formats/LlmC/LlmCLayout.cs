using MiniGpt.Tensors.Storage;

namespace MiniGpt.Model.Formats.LlmC;

/// <summary>The order of llm.c's parameters, which have no names in its files. Every matrix is [out, in], as here.</summary>
internal static class LlmCLayout
{
    private static readonly string[] s_before = [WeightNames.Table, "wpe.weight"];
    private static readonly string[] s_inBlock =
    [
        "ln_1.weight", "ln_1.bias", "attn.c_attn.weight", "attn.c_attn.bias", "attn.c_proj.weight", "attn.c_proj.bias",
        "ln_2.weight", "ln_2.bias", "mlp.c_fc.weight", "mlp.c_fc.bias", "mlp.c_proj.weight", "mlp.c_proj.bias",
    ];
    private static readonly string[] s_after = ["ln_f.weight", "ln_f.bias"];

    /// <summary>The parameters' own names.</summary>
    public static WeightNames Names { get; } = new OwnNames();

    /// <summary>The names of all parameters in the order of the file.</summary>
    public static IEnumerable<string> InOrder(int layers) =>
    [
        .. s_before,
        .. s_inBlock.SelectMany(name => Enumerable.Range(0, layers).Select(layer => $"h.{layer}.{name}")),
        .. s_after,
    ];

    /// <summary>How many numbers a file has.</summary>
    public static Int128 CountOf(GptConfig config, int paddedVocabulary)
    {
        Int128 c = config.Width, block = 12 * c * c + 13 * c;
        return paddedVocabulary * c + config.Context * c + config.Layers * block + 2 * c;
    }

    /// <summary>The tensors of a file. The padding of the token embedding belongs to none.</summary>
    public static List<StoredTensor> TensorsOf(GptConfig config, int paddedVocabulary, StoredType type)
    {
        List<StoredTensor> tensors = [];
        long begin = 0;
        foreach (string name in InOrder(config.Layers))
        {
            long[] shape = ShapeOf(name, config);
            long bytes = StoredTensor.BytesOf(type, shape)!.Value; // the whole file has a length, so its parts have
            tensors.Add(new StoredTensor(name, type, shape, begin, begin + bytes));
            begin += name == WeightNames.Table ? bytes / config.VocabularySize * paddedVocabulary : bytes;
        }
        return tensors;
    }

    private static long[] ShapeOf(string name, GptConfig config)
    {
        long c = config.Width;
        return name[(name.StartsWith("h.", StringComparison.Ordinal) ? name.IndexOf('.', 2) + 1 : 0)..] switch
        {
            WeightNames.Table => [config.VocabularySize, c],
            "wpe.weight" => [config.Context, c],
            "attn.c_attn.weight" => [3 * c, c],
            "attn.c_attn.bias" => [3 * c],
            "attn.c_proj.weight" => [c, c],
            "mlp.c_fc.weight" => [4 * c, c],
            "mlp.c_fc.bias" => [4 * c],
            "mlp.c_proj.weight" => [c, 4 * c],
            _ => [c],
        };
    }

    private sealed class OwnNames : WeightNames
    {
        public override string Of(string parameter) => parameter;
    }
}
