using System.Text.Json;
using System.Text.Json.Nodes;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Tokenizers;

namespace MiniGpt.Model.Training;

/// <summary>What is in a model folder or in a safetensors file, read from the headers alone.</summary>
public sealed record ModelInspection
{
    private const string WeightsExtension = ".safetensors";

    /// <summary>The folder or file.</summary>
    public required string Path { get; init; }

    /// <summary>The tensors, in the order of their data.</summary>
    public required IReadOnlyList<SafetensorsEntry> Tensors { get; init; }

    /// <summary>config.json; null for a single file.</summary>
    public GptConfig? Config { get; init; }

    /// <summary>The tokenizer, where the folder has one.</summary>
    public ITokenizer? Tokenizer { get; init; }

    /// <summary>training.json of a training run.</summary>
    public TrainingProgressRecord? Training { get; init; }

    /// <summary>How many numbers the tensors have together.</summary>
    public long Count => Tensors.Sum(tensor => tensor.Count);

    /// <summary>How many bytes the tensors have together.</summary>
    public long Bytes => Tensors.Sum(tensor => tensor.End - tensor.Begin);

    /// <summary>Reads what there is to say of a model folder or a .safetensors file.</summary>
    /// <exception cref="FileFormatException">It is neither, or one of its files cannot be understood.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static ModelInspection Read(string path)
    {
        if (File.Exists(path))
        {
            return path.EndsWith(WeightsExtension, StringComparison.OrdinalIgnoreCase)
                ? new ModelInspection { Path = path, Tensors = TensorsOf(path) }
                : throw new FileFormatException(path, $"a file found, a model folder or a {WeightsExtension} file expected");
        }

        if (!ModelFolder.Exists(path))
        {
            throw new FileFormatException(path, Directory.Exists(path)
                ? $"no {ModelFolder.ConfigFile} with {ModelFolder.WeightsFile} found, a model folder expected"
                : $"no such file or folder, a model folder or a {WeightsExtension} file expected");
        }

        string tokenizer = In(ModelFolder.TokenizerFile), training = In(ModelFolder.TrainingFile);
        return new ModelInspection
        {
            Path = path,
            Config = ConfigJson.Read(In(ModelFolder.ConfigFile)),
            Tensors = TensorsOf(In(ModelFolder.WeightsFile)),
            Tokenizer = File.Exists(tokenizer) ? TokenizerJson.Read(tokenizer) : null,
            Training = File.Exists(training) ? JsonFile.Read(training, root => TrainingProgressRecord.Parse(training, root)) : null,
        };

        string In(string name) => System.IO.Path.Combine(path, name);
    }

    /// <summary>The same as one JSON object.</summary>
    public JsonObject ToJson() => new()
    {
        ["path"] = Path,
        ["config"] = Config is null ? null : ConfigJson.ToJson(Config, extraKeys: null),
        ["parameters"] = new JsonArray([.. Tensors.Select(tensor => (JsonNode)new JsonObject
        {
            ["name"] = tensor.Name,
            ["dtype"] = tensor.Type.ToString(),
            ["shape"] = new JsonArray([.. tensor.Shape.Select(size => (JsonNode)size)]),
            ["count"] = tensor.Count,
            ["bytes"] = tensor.End - tensor.Begin,
        })]),
        ["count"] = Count,
        ["bytes"] = Bytes,
        ["tokenizer"] = Tokenizer is null ? null : new JsonObject { ["type"] = "char", ["vocabulary_size"] = Tokenizer.VocabularySize },
        ["training"] = Training is null ? null : new JsonObject
        {
            ["step"] = Training.Step,
            ["tokens"] = Training.Tokens,
            ["options"] = JsonNode.Parse(Training.Options),
        },
    };

    private static IReadOnlyList<SafetensorsEntry> TensorsOf(string path)
    {
        using SafetensorsReader reader = SafetensorsReader.Open(path);
        return reader.Entries;
    }
}

/// <summary>How far training had come when a folder was written.</summary>
/// <param name="Step">The steps done.</param>
/// <param name="Tokens">The tokens seen.</param>
/// <param name="Options">The options of the run, as JSON.</param>
public sealed record TrainingProgressRecord(long Step, long Tokens, string Options)
{
    internal static TrainingProgressRecord Parse(string path, JsonElement root)
    {
        JsonFields fields = new(path, root);
        return new(fields.Count("step"), fields.Count("tokens"), fields.Object("options").GetRawText());
    }
}
