using MiniGpt.Model.Architectures;
using MiniGpt.Model.Files;
using MiniGpt.Tensors.Storage;

namespace MiniGpt.Model.Formats.Gguf;

/// <summary>The keys of a GGUF file that describe its model: those that every architecture has, and the family's own on demand.</summary>
/// <param name="reader">The file.</param>
/// <param name="vocabularySize">V: the rows of the token embedding.</param>
internal sealed class GgufSizes(GgufReader reader, int vocabularySize)
{
    /// <summary>The keys that every architecture has, after its name.</summary>
    public static IReadOnlyList<string> Keys { get; } =
        ["vocab_size", "block_count", "context_length", "embedding_length", "feed_forward_length", "attention.head_count"];

    /// <summary>The name of the architecture, with which its keys begin.</summary>
    public string Architecture { get; } = reader.Metadata.Text(GgufModel.ArchitectureKey);

    /// <summary>C.</summary>
    public int Width => Required("embedding_length");

    /// <summary>H.</summary>
    public int Heads => Required("attention.head_count");

    /// <summary>D, where it is not the width over the heads; else 0.</summary>
    public int HeadSize => Integer("attention.key_length") is int size && size * (long)Heads != Width ? size : 0;

    /// <summary>F; 0 where the file does not say.</summary>
    public int FeedForwardWidth => Integer("feed_forward_length") ?? 0;

    /// <summary>The sizes of the model.</summary>
    /// <exception cref="FileFormatException">A key is missing or no number.</exception>
    public ModelSizes ToModelSizes() => new(vocabularySize, Required("context_length"), Required("block_count"), Heads, Width)
    {
        KeyHeads = Integer("attention.head_count_kv") ?? 0,
        HeadSize = HeadSize,
        FeedForwardWidth = FeedForwardWidth,
    };

    /// <summary>A whole number of the architecture's keys; null where there is none.</summary>
    public int? Integer(string key) => reader.Metadata.OptionalInteger($"{Architecture}.{key}");

    /// <summary>A number of the architecture's keys; null where there is none.</summary>
    public double? Number(string key) => reader.Metadata.OptionalNumber($"{Architecture}.{key}");

    /// <summary>A string of the architecture's keys; null where there is none.</summary>
    public string? Text(string key) => reader.Metadata.OptionalText($"{Architecture}.{key}");

    /// <summary>A choice that is written by its name under a whole key.</summary>
    /// <exception cref="FileFormatException">There is no such choice.</exception>
    public T Choice<T>(string key, T missing)
        where T : struct, Enum
    {
        if (reader.Metadata.OptionalText(key) is not string text)
            return missing;
        return OptionNames.TryParse(text, out T value)
            ? value
            : throw new FileFormatException(reader.Path, $"{key} is '{text}', {string.Join(" or ", OptionNames.All<T>())} expected");
    }

    /// <summary>Whether there is a tensor.</summary>
    public bool HasTensor(string name) => reader.TryGet(name, out _);

    /// <summary>The numbers of a tensor; null where there is none.</summary>
    /// <exception cref="FileFormatException">It has another number of them.</exception>
    public double[]? Numbers(string tensor, int count)
    {
        if (!reader.TryGet(tensor, out StoredTensor? entry))
            return null;
        if (entry.Count != count || !entry.Type.IsReal())
            throw new FileFormatException(reader.Path, $"tensor '{tensor}' has {entry.Count} numbers of {entry.Type}, {count} expected");
        float[] numbers = new float[count];
        reader.Read<float>(entry, numbers);
        return [.. numbers.Select(number => (double)number)];
    }

    /// <summary>What to throw where a value asks for arithmetic that there is not.</summary>
    public FileFormatException NotSupported(string key, string found, string supported) =>
        new(reader.Path, $"{key} is {found}, only {supported} is supported");

    private int Required(string key) => reader.Metadata.Integer($"{Architecture}.{key}");
}
