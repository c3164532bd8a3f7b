using System.Numerics;
using MiniGpt.Model.Layers;
using MiniGpt.Model.Tokenizers;
using MiniGpt.Tensors.Storage;

namespace MiniGpt.Model.Formats.Gguf;

/// <summary>A GPT-2 in a GGUF file, as llama.cpp and its relatives read and write it.</summary>
internal static class GgufModel
{
    public const string Extension = ".gguf";

    private const string Architecture = "gpt2";

    // Other programs know gelu_new and learned positions alone.
    private const string ActivationKey = "minigpt.activation";
    private const string PositionsKey = "minigpt.positions";

    // 1 where the output matrix is the token embedding, else 0: so that opening a file need not compare the two, which are most of a small model.
    private const string TiedKey = "minigpt.tied_head";

    private static readonly HashSet<string> s_understood =
    [
        "general.architecture", "general.file_type", GgufReader.AlignmentKey, "general.quantization_version", "gpt2.vocab_size",
        "gpt2.block_count", "gpt2.context_length", "gpt2.embedding_length", "gpt2.feed_forward_length", "gpt2.attention.head_count",
        "gpt2.attention.layer_norm_epsilon", ActivationKey, PositionsKey, TiedKey, .. GgufTokenizer.Keys,
    ];

    /// <summary>Opens a file: its keys, its tensors and its tokenizer.</summary>
    /// <exception cref="FileFormatException">It is no GGUF file, or no GPT-2.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static ModelFile Open(string path, UnknownCharacter unknown)
    {
        GgufReader reader = GgufReader.Open(path);
        try
        {
            GptConfig config = ReadConfig(reader);
            return new ModelFile(path, ModelFormat.Gguf, config, reader, GgufNames.Instance)
            {
                Metadata = reader.Metadata.ToJson(),
                IsUnderstood = s_understood.Contains,
                Tokenizer = GgufTokenizer.Read(path, reader.Metadata, unknown),
            };
        }
        catch
        {
            reader.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Writes a model. Matrices whose rows are multiples of 32 get the type that is asked for; vectors, position embeddings and other
    /// matrices stay F32.
    /// </summary>
    /// <exception cref="ArgumentException">The tokenizer has no GGUF form, or a number is too large for the type.</exception>
    /// <exception cref="IOException">The stream cannot be written.</exception>
    public static void Write<T>(Stream stream, Gpt<T> gpt, ITokenizer? tokenizer, string name, StoredType type)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        GgufWriter writer = new();
        WriteConfig(writer, gpt.Config, name, type);
        WriteEnds(writer, gpt.Config, tokenizer);
        GgufTokenizer.Write(writer, tokenizer, gpt.Config.VocabularySize);
        // The output matrix is written even where it is the token embedding: not every reader knows the tie.
        List<(string Name, Parameter<T> Parameter)> tensors = [.. gpt.Parameters.All.Select(parameter => (parameter.Name, parameter))];
        if (gpt.Config.TiedHead)
            tensors.Add((WeightNames.Head, gpt.Head));
        foreach ((string parameterName, Parameter<T> parameter) in tensors)
        {
            long[] shape = parameter.Shape.Rank == 2 ? [parameter.Shape[0], parameter.Shape[1]] : [parameter.Shape[0]];
            bool isPlain = shape.Length < 2 || parameter == gpt.PositionEmbedding.Table || shape[1] % StoredType.Q8_0.BlockSize() != 0;
            writer.Announce(GgufNames.Instance.Of(parameterName), isPlain ? StoredType.F32 : type, shape);
        }
        writer.WriteHead(stream);
        foreach ((_, Parameter<T> parameter) in tensors)
            writer.WriteNumbers<T>(stream, parameter.Value.Span);
    }

    private static void WriteConfig(GgufWriter writer, GptConfig config, string name, StoredType type)
    {
        writer.Add("general.architecture", Architecture);
        writer.Add("general.name", name);
        writer.Add("general.file_type", type switch { StoredType.F16 => 1, StoredType.Q8_0 => 7, _ => 0 });
        writer.Add("gpt2.vocab_size", config.VocabularySize);
        writer.Add("gpt2.block_count", config.Layers);
        writer.Add("gpt2.context_length", config.Context);
        writer.Add("gpt2.embedding_length", config.Width);
        writer.Add("gpt2.feed_forward_length", config.FeedForwardWidth);
        writer.Add("gpt2.attention.head_count", config.Heads);
        writer.Add("gpt2.attention.layer_norm_epsilon", config.LayerNormEpsilon);
        writer.Add(TiedKey, config.TiedHead ? 1 : 0);
        if (config.Activation != Activation.GeluTanh)
            writer.Add(ActivationKey, OptionNames.Of(config.Activation));
        if (config.Positions != PositionKind.Learned)
            writer.Add(PositionsKey, OptionNames.Of(config.Positions));
    }

    /// <summary>
    /// The tokens between texts. Where these keys are missing other programs take token 11 for both, whatever it is; so a configuration that
    /// does not name them leaves it to the tokenizer.
    /// </summary>
    private static void WriteEnds(GgufWriter writer, GptConfig config, ITokenizer? tokenizer)
    {
        if ((config.BeginOfTextId ?? GgufTokenizer.BeginOf(tokenizer)) is int begin)
            writer.Add(GgufTokenizer.BeginKey, begin);
        if ((config.EndOfTextId ?? GgufTokenizer.EndOf(tokenizer)) is int end)
            writer.Add(GgufTokenizer.EndKey, end);
    }

    private static GptConfig ReadConfig(GgufReader reader)
    {
        GgufMetadata metadata = reader.Metadata;
        if (metadata.Text("general.architecture") is var architecture and not Architecture)
            throw new FileFormatException(reader.Path, $"the architecture '{architecture}' found, '{Architecture}' expected");
        string table = GgufNames.Instance.Of(WeightNames.Table), head = GgufNames.Instance.Of(WeightNames.Head);
        if (!reader.TryGet(table, out StoredTensor? embedding) || embedding.Shape is not [<= int.MaxValue, _])
            throw new FileFormatException(reader.Path, $"there is no matrix '{table}', one row a token expected");
        int width = metadata.Integer("gpt2.embedding_length");
        GptConfig config = new()
        {
            VocabularySize = (int)embedding.Shape[0],
            Context = metadata.Integer("gpt2.context_length"),
            Width = width,
            Layers = metadata.Integer("gpt2.block_count"),
            Heads = metadata.Integer("gpt2.attention.head_count"),
            FeedForwardWidth = metadata.OptionalInteger("gpt2.feed_forward_length") is int inner && inner != 4L * width ? inner : 0,
            Activation = Choice(ActivationKey, Activation.GeluTanh),
            Positions = Choice(PositionsKey, PositionKind.Learned),
            LayerNormEpsilon = metadata.OptionalNumber("gpt2.attention.layer_norm_epsilon") ?? 1e-5,
            TiedHead = !reader.TryGet(head, out StoredTensor? output)
                || (metadata.OptionalInteger(TiedKey) is int tied ? tied != 0 : reader.AreEqual(output, embedding)),
            BeginOfTextId = metadata.OptionalInteger(GgufTokenizer.BeginKey),
            EndOfTextId = metadata.OptionalInteger(GgufTokenizer.EndKey),
        };
        return ModelFile.Checked(reader.Path, config);

        T Choice<T>(string key, T missing) where T : struct, Enum
        {
            if (metadata.OptionalText(key) is not string text)
                return missing;
            return OptionNames.TryParse(text, out T value)
                ? value
                : throw new FileFormatException(reader.Path, $"{key} is '{text}', {string.Join(" or ", OptionNames.All<T>())} expected");
        }
    }
}
