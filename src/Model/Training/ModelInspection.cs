using System.Text.Json.Nodes;
using MiniGpt.Model.Files;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Layers;
using MiniGpt.Model.Tokenizers;

namespace MiniGpt.Model.Training;

/// <summary>What is in a model folder, a GGUF or llm.c file, or in a safetensors file, read from the headers alone.</summary>
public sealed record ModelInspection
{
    /// <summary>The folder or file.</summary>
    public required string Path { get; init; }

    /// <summary>Its form; null for a single safetensors file, which is no model.</summary>
    public ModelFormat? Format { get; init; }

    /// <summary>The tensors, in the order of their data.</summary>
    public required IReadOnlyList<StoredTensor> Tensors { get; init; }

    /// <summary>The sizes and choices; null for a single safetensors file.</summary>
    public TransformerConfig? Config { get; init; }

    /// <summary>The tokenizer, where there is one.</summary>
    public ITokenizer? Tokenizer { get; init; }

    /// <summary>The tokenizer of the texts that a translator reads: the same one, where the languages do not have one each.</summary>
    public ITokenizer? SourceTokenizer { get; init; }

    /// <summary>What else the file says of itself.</summary>
    public JsonObject Metadata { get; init; } = [];

    /// <summary>training.json of a training run.</summary>
    public TrainingProgressRecord? Training { get; init; }

    /// <summary>How many numbers the tensors have together.</summary>
    public long Count => Tensors.Sum(tensor => tensor.Count);

    /// <summary>How many bytes the tensors have together.</summary>
    public long Bytes => Tensors.Sum(tensor => tensor.Bytes);

    /// <summary>Reads what there is to say of a model in any form, or of a .safetensors file.</summary>
    /// <exception cref="FileFormatException">It is none of them, or one of its files cannot be understood.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static ModelInspection Read(string path)
    {
        if (File.Exists(path) && path.EndsWith(SafetensorsReader.Extension, StringComparison.OrdinalIgnoreCase))
        {
            using SafetensorsReader reader = SafetensorsReader.Open(path);
            JsonObject metadata = new(reader.Metadata.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value)));
            return new ModelInspection { Path = path, Tensors = reader.Entries, Metadata = metadata };
        }

        using ModelFile model = ModelFile.Open(path);
        string training = System.IO.Path.Combine(path, ModelFiles.Training);
        return new ModelInspection
        {
            Path = path,
            Format = model.Format,
            Config = model.Config,
            Tensors = model.Tensors,
            Tokenizer = model.Tokenizer,
            SourceTokenizer = model.SourceTokenizer,
            Metadata = model.Metadata,
            Training = File.Exists(training) ? TrainingProgressRecord.Read(path) : null,
        };
    }

    /// <summary>The same as one JSON object.</summary>
    public JsonObject ToJson() => new()
    {
        ["path"] = Path,
        ["format"] = Format is ModelFormat format ? OptionNames.Of(format) : "safetensors",
        ["config"] = Config is null ? null : ConfigJson.ToJson(Config),
        ["parameters"] = new JsonArray([.. Tensors.Select(tensor => (JsonNode)new JsonObject
        {
            ["name"] = tensor.Name,
            ["dtype"] = tensor.Type.ToString(),
            ["shape"] = new JsonArray([.. tensor.Shape.Select(size => (JsonNode)size)]),
            ["count"] = tensor.Count,
            ["bytes"] = tensor.Bytes,
        })]),
        ["count"] = Count,
        ["bytes"] = Bytes,
        ["tokenizer"] = Tokenizer is null ? null : new JsonObject { ["type"] = Tokenizer.Kind, ["vocabulary_size"] = Tokenizer.VocabularySize },
        ["metadata"] = Metadata.DeepClone(),
        ["training"] = Training is null ? null : new JsonObject
        {
            ["step"] = Training.Step,
            ["tokens"] = Training.Tokens,
            ["validation_loss"] = Training.ValidationLoss,
            ["best_validation_loss"] = Training.BestValidationLoss,
            ["options"] = JsonNode.Parse(Training.Options),
        },
    };
}

/// <summary>How far training had come when a folder was written.</summary>
/// <param name="Step">The steps done.</param>
/// <param name="Tokens">The tokens seen.</param>
/// <param name="ValidationLoss">The validation loss of the last evaluation, in nats a token; null where there was none.</param>
/// <param name="BestValidationLoss">The lowest of all evaluations, that of the model in best/; null where there is none.</param>
/// <param name="Options">The options of the run, as JSON.</param>
public sealed record TrainingProgressRecord(long Step, long Tokens, double? ValidationLoss, double? BestValidationLoss, string Options)
{
    /// <summary>Reads what a run says of itself.</summary>
    /// <param name="folder">The folder of the run.</param>
    /// <exception cref="FileFormatException">Its files cannot be understood.</exception>
    internal static TrainingProgressRecord Read(string folder)
    {
        string path = Path.Combine(folder, ModelFiles.Training), best = Path.Combine(new RunPaths(folder).Best, ModelFiles.Training);
        return JsonFile.Read(path, root =>
        {
            JsonFields fields = new(path, root);
            double? bestLoss = File.Exists(best) ? JsonFile.Read(best, of => LossOf(new JsonFields(best, of))) : null;
            return new TrainingProgressRecord(fields.Count("step"), fields.Count("tokens"), LossOf(fields), bestLoss, fields.Object("options").GetRawText());
        });
    }

    private static double? LossOf(JsonFields fields) => fields.Number("validation_loss", missing: double.NaN) is var loss && double.IsNaN(loss) ? null : loss;
}
