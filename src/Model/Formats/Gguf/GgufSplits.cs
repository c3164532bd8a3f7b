using MiniGpt.Model.Tokenizers;

namespace MiniGpt.Model.Formats.Gguf;

/// <summary>The names that llama.cpp has for the patterns that cut text for a byte-level BPE, in the key tokenizer.ggml.pre.</summary>
internal static class GgufSplits
{
    private static readonly (string[] Names, PreTokenizer Split)[] s_known =
    [
        (["gpt-2", "phi-2", "mpt", "olmo", "jais", "trillion", "roberta-bpe", "gigachat", "jina-es", "jina-de", "jina-v1-en", "jina-v2-es", "jina-v2-de"],
            PreTokenizer.Gpt2),
        (["smaug-bpe", "dbrx"], LlamaPreTokenizer.Llama3),
        (["qwen2", "deepseek-r1-qwen", "megrez"], LlamaPreTokenizer.Qwen2),
        (["smollm", "starcoder", "refact", "command-r", "codeshell"], DigitPreTokenizer.SmolLm),
    ];

    // These take a word that is a token as that token.
    private static readonly string[] s_llama = ["llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "lfm2"];

    /// <summary>What a name stands for; null where it is not known. Older files have no name, and GPT-2's pattern.</summary>
    public static BytePairOptions? Find(string? name)
    {
        if (name is null)
            return BytePairOptions.Gpt2;
        if (name == "default")
            return new BytePairOptions { PreTokenizer = PreTokenizerJson.LlamaCppDefault };
        if (s_llama.Contains(name))
            return new BytePairOptions { PreTokenizer = LlamaPreTokenizer.Llama3, IgnoresMerges = true };
        PreTokenizer? split = s_known.FirstOrDefault(known => known.Names.Contains(name)).Split;
        // The models of this pattern put characters together with their accents; llama.cpp leaves that to whoever gives it a text.
        return split is null ? null : split == PreTokenizer.Gpt2 ? BytePairOptions.Gpt2 : new BytePairOptions { PreTokenizer = split, Composes = split == LlamaPreTokenizer.Qwen2 };
    }

    /// <summary>The name for what a tokenizer does.</summary>
    /// <exception cref="ArgumentException">There is none; the message says for what.</exception>
    public static string NameOf(BytePairOptions options)
    {
        PreTokenizer split = options.PreTokenizer;
        Require.That(!options.AddsPrefixSpace, $"a tokenizer that puts a space before a text (add_prefix_space) has no GGUF form");
        Require.That(!options.Composes || split == LlamaPreTokenizer.Qwen2, $"a tokenizer that puts characters together (NFC) has no GGUF form but with Qwen2's pattern");
        if (options.IgnoresMerges)
        {
            Require.That(split == LlamaPreTokenizer.Llama3, $"a tokenizer with ignore_merges has no GGUF form but with Llama 3's pattern");
            return s_llama[0];
        }
        if (split.Identity == PreTokenizerJson.LlamaCppDefault.Identity)
            return "default";
        return s_known.FirstOrDefault(known => known.Split == split).Names?[0]
            ?? throw new ArgumentException($"the pre_tokenizer {split.Identity} has no name in GGUF, so that the tokenizer has no GGUF form");
    }

    /// <summary>All names, for messages.</summary>
    public static string Names => string.Join(", ", s_known.SelectMany(known => known.Names).Concat(s_llama).Append("default"));
}
