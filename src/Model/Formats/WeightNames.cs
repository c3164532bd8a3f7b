namespace MiniGpt.Model.Formats;

/// <summary>How a format names the parameters of a model, and which matrices it keeps as [in, out].</summary>
internal abstract class WeightNames
{
    /// <summary>The parameter that an untied output projection is.</summary>
    public const string Head = "lm_head.weight";

    /// <summary>The parameter that embeds tokens, and is the output projection where that is tied.</summary>
    public const string Table = "wte.weight";

    /// <summary>The name in the file of a parameter.</summary>
    public abstract string Of(string parameter);

    /// <summary>A second name by which files may know it.</summary>
    public virtual string OtherOf(string parameter) => Of(parameter);

    /// <summary>Whether the file has a parameter's axes exchanged.</summary>
    public virtual bool IsTransposed(string parameter) => false;

    /// <summary>Whether a tensor of a file is none of the model's and changes nothing.</summary>
    public virtual bool IsIgnored(string tensor) => false;
}

/// <summary>
/// Hugging Face's names for GPT-2, with the prefix "transformer." or without. The matrices of the blocks are [in, out]; old files hold
/// masks beside the parameters.
/// </summary>
internal sealed class HuggingFaceNames : WeightNames
{
    public static readonly HuggingFaceNames Instance = new();

    private const string Prefix = "transformer.";

    private static readonly string[] s_transposed = ["c_attn.weight", "c_proj.weight", "c_fc.weight"];
    private static readonly string[] s_masks = [".attn.bias", ".attn.masked_bias"];

    public override string Of(string parameter) => parameter == Head ? Head : Prefix + parameter;

    public override string OtherOf(string parameter) => parameter;

    public override bool IsTransposed(string parameter) => EndsWithAny(parameter, s_transposed);

    public override bool IsIgnored(string tensor) => EndsWithAny(tensor, s_masks);

    private static bool EndsWithAny(string name, string[] endings) =>
        endings.Any(ending => name.EndsWith(ending, StringComparison.Ordinal));
}
