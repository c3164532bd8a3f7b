using System.Numerics;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Files;
using MiniGpt.Model.Formats.Families;
using MiniGpt.Model.Layers;
using MiniGpt.Model.Tokenizers;
using MiniGpt.Tensors.Storage;

namespace MiniGpt.Model.Formats.Gguf;

/// <summary>A model in a GGUF file, as llama.cpp and its relatives read and write it.</summary>
internal static class GgufModel
{
    public const string Extension = ".gguf";
    public const string ArchitectureKey = "general.architecture";

    private const string Embedding = "token_embd.weight";
    private const string Output = "output.weight";

    // 1 where an output matrix that the file has is the token embedding, else 0: so that opening a file need not compare the two.
    private const string TiedKey = "minigpt.tied_head";

    /// <summary>Opens a file: its keys, its tensors and its tokenizer.</summary>
    /// <exception cref="FileFormatException">It is no GGUF file, or none of a known family.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static ModelFile Open(string path, UnknownCharacter unknown)
    {
        GgufReader reader = GgufReader.Open(path);
        try
        {
            FamilyFormat family = FamilyOf(reader);
            TransformerConfig config = ReadConfig(reader, family);
            HashSet<string> understood = Understood(config.Architecture, family);
            return new ModelFile(path, ModelFormat.Gguf, config, reader, family.Gguf!)
            {
                Metadata = reader.Metadata.ToJson(),
                IsUnderstood = key => understood.Contains(key) || key.StartsWith("minigpt.", StringComparison.Ordinal),
                Tokenizer = GgufTokenizer.Read(path, reader.Metadata, unknown),
            };
        }
        catch
        {
            reader.Dispose();
            throw;
        }
    }

    /// <summary>Why there is no GGUF file of a model; null where there is one.</summary>
    public static string? ReasonAgainst(TransformerConfig config) => FamilyFormat.Of(config).ReasonAgainstGguf(config);

    /// <summary>
    /// Writes a model. Matrices whose rows are multiples of 32 get the type that is asked for; vectors, position tables and other matrices
    /// stay F32. An output matrix that is the token embedding is left out: readers take that where there is none.
    /// </summary>
    /// <exception cref="ArgumentException">The model or the tokenizer has no GGUF form, or a number is too large for the type.</exception>
    /// <exception cref="IOException">The stream cannot be written.</exception>
    public static void Write<T>(Stream stream, Decoder<T> model, ITokenizer? tokenizer, string name, StoredType type)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        TransformerConfig config = model.Config;
        FamilyFormat family = FamilyFormat.Of(config);
        Require.That(family.ReasonAgainstGguf(config) is null, $"the model has {family.ReasonAgainstGguf(config)}");
        GgufWriter writer = new();
        WriteConfig(writer, config, family, name, type);
        WriteEnds(writer, config, tokenizer);
        GgufTokenizer.Write(writer, tokenizer, config.VocabularySize);
        foreach (Parameter<T> parameter in model.Parameters.All)
        {
            bool isPlain = parameter.Shape.Rank < 2 || parameter.Role == ParameterRole.Positions || parameter.Shape[1] % StoredType.Q8_0.BlockSize() != 0;
            foreach (FilePart part in ModelWeights.Layout(family.Gguf!, parameter))
                writer.Announce(part.Name, isPlain ? StoredType.F32 : type, part.Shape);
        }
        double[]? factors = config.Positions.Kind == PositionKind.Rotary ? RotaryGguf.Factors(config) : null;
        if (factors is not null)
            writer.Announce(RotaryGguf.FactorsTensor, StoredType.F32, [factors.Length]);

        writer.WriteHead(stream);
        T[] buffer = [];
        foreach (Parameter<T> parameter in model.Parameters.All)
        {
            foreach (FilePart part in ModelWeights.Layout(family.Gguf!, parameter))
                writer.WriteNumbers(stream, ModelWeights.InFileOrder(part, config.HeadSize, parameter.Value.Span, ref buffer));
        }
        if (factors is not null)
            writer.WriteNumbers<double>(stream, factors);
    }

    private static FamilyFormat FamilyOf(GgufReader reader)
    {
        string architecture = reader.Metadata.Text(ArchitectureKey);
        return FamilyFormat.Find(architecture) is { Gguf: not null } family
            ? family
            : throw new FileFormatException(reader.Path, $"the architecture '{architecture}' found, one of "
                + $"{string.Join(", ", FamilyFormat.All.Where(known => known.Gguf is not null).Select(known => $"'{known.ModelTypes[0]}'"))} expected");
    }

    private static HashSet<string> Understood(string architecture, FamilyFormat family) =>
    [
        ArchitectureKey, "general.file_type", GgufReader.AlignmentKey, "general.quantization_version", .. GgufTokenizer.Keys,
        .. GgufSizes.Keys.Concat(family.GgufKeys).Select(key => $"{architecture}.{key}"),
    ];

    private static void WriteConfig(GgufWriter writer, TransformerConfig config, FamilyFormat family, string name, StoredType type)
    {
        string architecture = family.ModelTypes[0]; // llama.cpp knows a Mistral as a Llama
        writer.Add(ArchitectureKey, architecture);
        writer.Add("general.name", name);
        writer.Add("general.file_type", type switch { StoredType.F16 => 1, StoredType.Q8_0 => 7, _ => 0 });
        writer.Add($"{architecture}.vocab_size", config.VocabularySize);
        writer.Add($"{architecture}.block_count", config.Layers);
        writer.Add($"{architecture}.context_length", config.Context);
        writer.Add($"{architecture}.embedding_length", config.Width);
        writer.Add($"{architecture}.feed_forward_length", config.FeedForwardWidth);
        writer.Add($"{architecture}.attention.head_count", config.Attention.Heads);
        family.WriteGguf(config, writer, $"{architecture}.");
        if (!config.IsTied)
            writer.Add(TiedKey, 0);
    }

    /// <summary>
    /// The tokens between texts. Where these keys are missing other programs take token 11 for both, whatever it is; so a configuration that
    /// does not name them leaves it to the tokenizer.
    /// </summary>
    private static void WriteEnds(GgufWriter writer, TransformerConfig config, ITokenizer? tokenizer)
    {
        if ((config.BeginOfTextId ?? GgufTokenizer.BeginOf(tokenizer)) is int begin)
            writer.Add(GgufTokenizer.BeginKey, begin);
        if ((config.EndOfTextId ?? GgufTokenizer.EndOf(tokenizer)) is int end)
            writer.Add(GgufTokenizer.EndKey, end);
    }

    private static TransformerConfig ReadConfig(GgufReader reader, FamilyFormat family)
    {
        GgufMetadata metadata = reader.Metadata;
        if (!reader.TryGet(Embedding, out StoredTensor? embedding) || embedding.Shape is not [<= int.MaxValue, _])
            throw new FileFormatException(reader.Path, $"there is no matrix '{Embedding}', one row a token expected");
        int vocabularySize = (int)embedding.Shape[0];
        GgufSizes sizes = new(reader, vocabularySize);
        if (sizes.Integer("vocab_size") is int said && said != vocabularySize)
            throw new FileFormatException(reader.Path, $"{sizes.Architecture}.vocab_size is {said}, the {vocabularySize} rows of '{Embedding}' expected");
        bool isTied = !reader.TryGet(Output, out StoredTensor? output)
            || (metadata.OptionalInteger(TiedKey) is int tied ? tied != 0 : reader.AreEqual(output, embedding));
        return ModelFile.Checked(reader.Path, family.ReadGguf(sizes) with
        {
            Head = isTied ? HeadKind.Tied : HeadKind.Own,
            BeginOfTextId = TokenId(metadata, GgufTokenizer.BeginKey, vocabularySize, reader.Path),
            EndOfTextId = TokenId(metadata, GgufTokenizer.EndKey, vocabularySize, reader.Path),
        });
    }

    private static int? TokenId(GgufMetadata metadata, string key, int vocabularySize, string path)
    {
        int? id = metadata.OptionalInteger(key);
        return id is null || id < vocabularySize
            ? id
            : throw new FileFormatException(path, $"{key} is {id}, an id below the vocabulary's {vocabularySize} expected");
    }
}
