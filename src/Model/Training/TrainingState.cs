using System.Numerics;
using System.Text.Json;
using System.Text.Json.Nodes;
using MiniGpt.Model.Files;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Optimization;
using MiniGpt.Tensors.Simd;

namespace MiniGpt.Model.Training;

/// <summary>training.json: where a run is, and the checksums of the files that say the rest. Renaming it commits a checkpoint.</summary>
internal sealed record TrainingState(
    TrainingOptions Options, int Step, long Tokens, string DataHash, IReadOnlyDictionary<string, string> Checksums)
{
    /// <inheritdoc cref="Checkpoint{T}.SkippedSteps"/>
    public int SkippedSteps { get; init; }

    /// <inheritdoc cref="Checkpoint{T}.ValidationLoss"/>
    public double? ValidationLoss { get; init; }

    /// <inheritdoc cref="Checkpoint{T}.Finished"/>
    public bool Finished { get; init; }

    /// <inheritdoc cref="Checkpoint{T}.VectorBits"/>
    public int? VectorBits { get; init; }

    /// <summary>What training.json says of a checkpoint whose files have these checksums.</summary>
    public static TrainingState Of<T>(Checkpoint<T> checkpoint, IReadOnlyDictionary<string, string> checksums)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        new(checkpoint.Options, checkpoint.Step, checkpoint.Tokens, checkpoint.DataHash, checksums)
        {
            SkippedSteps = checkpoint.SkippedSteps,
            ValidationLoss = checkpoint.ValidationLoss,
            Finished = checkpoint.Finished,
            VectorBits = VectorWidth.Bits,
        };

    /// <summary>Reads the file.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="FileFormatException">It is no training.json of this version, or a checksum is missing.</exception>
    public static TrainingState Read(string path) =>
        JsonFile.Read(path, root =>
        {
            Dictionary<string, string> checksums = CheckpointFiles.ReadChecksums(path, root);
            JsonFields fields = new(path, root);
            int step = Steps("step");
            TrainingOptions options = DataPaths.Found(ReadOptions(path, fields.Object("options")), path, fields);
            return new TrainingState(options, step, fields.Count("tokens"),
                fields.Text("data_hash"), checksums)
            {
                SkippedSteps = Steps("skipped_steps"),
                ValidationLoss = fields.Number("validation_loss", missing: double.NaN) is var loss && double.IsNaN(loss) ? null : loss,
                Finished = fields.Flag("finished", missing: false),
                VectorBits = fields.OptionalInteger("vector_bits"),
            };

            int Steps(string key)
            {
                long count = fields.Count(key);
                return count <= int.MaxValue
                    ? (int)count
                    : throw new FileFormatException(path, $"{key} {count} found, at most {int.MaxValue} expected");
            }
        });

    /// <summary>The checkpoint of which the rest was read.</summary>
    public Checkpoint<T> ToCheckpoint<T>(LoadedModel<T> model, Optimizer<T> optimizer)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => new()
        {
            Options = Options,
            Step = Step,
            Tokens = Tokens,
            DataHash = DataHash,
            SkippedSteps = SkippedSteps,
            ValidationLoss = ValidationLoss,
            Finished = Finished,
            VectorBits = VectorBits,
            Model = model.Any,
            Tokenizer = model.Tokenizer,
            SourceTokenizer = model.SourceTokenizer,
            ExtraKeys = model.ExtraKeys,
            Optimizer = optimizer,
        };

    /// <summary>Writes the file, whole or not at all.</summary>
    public void Write(string path)
    {
        JsonObject files = [];
        foreach ((string name, string checksum) in Checksums)
            files[name] = checksum;
        JsonObject state = new()
        {
            ["version"] = CheckpointFiles.Version,
            ["step"] = Step,
            ["tokens"] = Tokens,
            ["skipped_steps"] = SkippedSteps,
            ["finished"] = Finished,
            ["data_hash"] = DataHash,
            ["files"] = files,
            ["options"] = JsonNode.Parse(Options.ToJson()),
        };
        DataPaths.Add(state, Options, path);
        if (VectorBits is int bits)
            state["vector_bits"] = bits;
        if (ValidationLoss is double loss && double.IsFinite(loss))
            state["validation_loss"] = loss;
        JsonFile.Write(path, state);
    }

    private static TrainingOptions ReadOptions(string path, JsonElement json) => JsonFile.Refusing(path, () =>
    {
        TrainingOptions options = TrainingOptions.FromJson(json.GetRawText());
        options.Validate();
        return options;
    });
}
