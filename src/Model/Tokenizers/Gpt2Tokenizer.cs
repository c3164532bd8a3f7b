using System.IO.Compression;
using System.Reflection;

namespace MiniGpt.Model.Tokenizers;

/// <summary>
/// GPT-2's own vocabulary: 256 bytes, 50,000 merges and &lt;|endoftext|&gt;. Its merges are embedded, compressed; the licence of OpenAI's
/// file stands beside it in Tokenizers/Gpt2.
/// </summary>
public static class Gpt2Tokenizer
{
    private const string Resource = "MiniGpt.Model.Tokenizers.Gpt2.vocab.bpe.br";

    private static readonly Lazy<BytePairTokenizer> s_instance = new(Load);

    /// <summary>The tokenizer, made when it is first asked for.</summary>
    public static BytePairTokenizer Instance => s_instance.Value;

    private static BytePairTokenizer Load()
    {
        using Stream resource = Assembly.GetExecutingAssembly().GetManifestResourceStream(Resource)!;
        using BrotliStream file = new(resource, CompressionMode.Decompress);
        using StreamReader reader = new(file);
        List<(string Left, string Right)> merges = MergesText.Read(reader, line => new InvalidDataException(line));
        // The ids are those of the bytes, in the order of their alphabet, then of the merges, then the special token.
        List<string> tokens = [.. ByteAlphabet.Order.ToArray().Select(value => ByteAlphabet.ToText([value]))];
        tokens.AddRange(merges.Select(merge => merge.Left + merge.Right));
        tokens.Add(Tokenizer.EndOfText);
        return BytePairTokenizer.FromAlphabet(tokens, merges, new HashSet<int> { tokens.Count - 1 });
    }
}
