using MiniGpt.Model.Architectures;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors.Storage;

namespace MiniGpt.Model.Formats.Llama2C;

/// <summary>
/// The order of a llama2.c file, whose tensors have no names: each for all layers in one piece, then two tables of angles that are passed
/// over, then the output matrix if it is its own. Neighbours turn with each other.
/// </summary>
/// <remarks>https://github.com/karpathy/llama2.c/blob/master/run.c, memory_map_weights</remarks>
internal static class Llama2CLayout
{
    /// <summary>Seven 32-bit numbers: width, feed-forward width, layers, heads, key heads, vocabulary (negative: own output matrix), context.</summary>
    public const int HeaderInts = 7;

    public const int HeaderBytes = HeaderInts * sizeof(int);

    // Beside the blocks' tensors, in the order of the file; an empty name stands for the tables.
    private static readonly string[] s_order =
    [
        "tokens", "layers.*.rms_att", "layers.*.wq", "layers.*.wk", "layers.*.wv", "layers.*.wo", "layers.*.rms_ffn", "layers.*.w1",
        "layers.*.w2", "layers.*.w3", "rms_final", "", "wcls",
    ];

    /// <summary>The names that the tensors get here.</summary>
    public static TensorMap Map { get; } = new(
        ("tokens", ["tokens"]),
        ("blocks.*.attention_norm", ["layers.*.rms_att"]),
        ("blocks.*.attention.qkv", [new("layers.*.wq", TensorLayout.TurnsNeighbours), new("layers.*.wk", TensorLayout.TurnsNeighbours), "layers.*.wv"]),
        ("blocks.*.attention.output", ["layers.*.wo"]),
        ("blocks.*.feed_forward_norm", ["layers.*.rms_ffn"]),
        ("blocks.*.feed_forward.up", ["layers.*.w1", "layers.*.w3"]),
        ("blocks.*.feed_forward.down", ["layers.*.w2"]),
        ("norm", ["rms_final"]),
        ("head", ["wcls"]))
    {
        Blocks = ["layers."],
    };

    /// <summary>Numbers in the two tables of angles.</summary>
    public static Int128 TableCount(TransformerConfig config) => (Int128)2 * config.Context * (config.HeadSize / 2);

    /// <summary>How many numbers a file has.</summary>
    public static Int128 CountOf(TransformerConfig config) => new ModelShape(config).Count + TableCount(config);

    /// <summary>The names of all tensors in the order of the file; an empty one stands for the tables.</summary>
    public static IEnumerable<string> InOrder(TransformerConfig config) => s_order
        .Where(name => name != "wcls" || !config.IsTied)
        .SelectMany(name => name.Contains('*') ? Enumerable.Range(0, config.Layers).Select(layer => name.Replace("*", $"{layer}")) : [name])
        .Select(name => name.Length == 0 ? name : $"{name}.weight");

    /// <summary>The tensors of a file.</summary>
    public static List<StoredTensor> TensorsOf(TransformerConfig config)
    {
        Dictionary<string, long[]> shapes = new Decoder<float>(config).Parameters.All
            .SelectMany(parameter => ModelWeights.Layout(Map, parameter)).ToDictionary(part => part.Name, part => part.Shape);
        List<StoredTensor> tensors = [];
        long begin = 0;
        foreach (string name in InOrder(config))
        {
            if (name.Length == 0)
            {
                begin += (long)TableCount(config) * sizeof(float);
                continue;
            }
            long bytes = StoredTensor.BytesOf(StoredType.F32, shapes[name])!.Value; // the whole file has a length, so its parts have
            tensors.Add(new StoredTensor(name, StoredType.F32, shapes[name], begin, begin + bytes));
            begin += bytes;
        }
        return tensors;
    }
}
