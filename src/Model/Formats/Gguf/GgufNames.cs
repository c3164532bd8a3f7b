namespace MiniGpt.Model.Formats.Gguf;

/// <summary>llama.cpp's names for GPT-2's parameters. Every matrix is [out, in], as here.</summary>
internal sealed class GgufNames : WeightNames
{
    public static readonly GgufNames Instance = new();

    private static readonly Dictionary<string, string> s_outside = new()
    {
        [Table] = "token_embd.weight",
        ["wpe.weight"] = "position_embd.weight",
        ["ln_f.weight"] = "output_norm.weight",
        ["ln_f.bias"] = "output_norm.bias",
        [Head] = "output.weight",
    };

    private static readonly (string Layer, string Gguf)[] s_inBlock =
    [
        ("ln_1", "attn_norm"), ("attn.c_attn", "attn_qkv"), ("attn.c_proj", "attn_output"),
        ("ln_2", "ffn_norm"), ("mlp.c_fc", "ffn_up"), ("mlp.c_proj", "ffn_down"),
    ];

    /// <summary>h.0.attn.c_attn.weight is blk.0.attn_qkv.weight.</summary>
    public override string Of(string parameter)
    {
        if (s_outside.TryGetValue(parameter, out string? name))
            return name;
        string[] parts = parameter.Split('.', 3); // h, the block, the rest
        int kind = parts[2].LastIndexOf('.');
        string layer = s_inBlock.First(pair => pair.Layer == parts[2][..kind]).Gguf;
        return $"blk.{parts[1]}.{layer}{parts[2][kind..]}";
    }
}
