using System.Text.Json;
using System.Text.Json.Nodes;
using MiniGpt.Model.Formats;

namespace MiniGpt.Model.Training;

/// <summary>training.json: where a run is, and the checksums of the files that say the rest. Renaming it commits a checkpoint.</summary>
internal sealed record TrainingState(
    TrainingOptions Options, int Step, long Tokens, string DataHash, IReadOnlyDictionary<string, string> Checksums)
{
    private const int Version = 1;

    /// <summary>Reads the file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="required">The files that a checkpoint cannot do without.</param>
    /// <param name="optional">The other files that it can have.</param>
    /// <exception cref="FileFormatException">It is no training.json of this version, or a checksum is missing.</exception>
    public static TrainingState Read(string path, IReadOnlyCollection<string> required, IReadOnlyCollection<string> optional) =>
        JsonFile.Read(path, root =>
        {
            JsonFields fields = new(path, root);
            if (fields.Count("version") is var version and not Version)
                throw new FileFormatException(path, $"version {version} found, version {Version} expected");
            long step = fields.Count("step");
            if (step > int.MaxValue)
                throw new FileFormatException(path, $"step {step} found, at most {int.MaxValue} expected");

            JsonElement files = fields.Object("files");
            JsonFields checksums = new(path, files);
            // These names become paths: none but the known ones may.
            string[] names = [.. required, .. optional.Where(name => files.TryGetProperty(name, out _))];
            foreach (JsonProperty file in files.EnumerateObject().Where(file => !names.Contains(file.Name)))
                throw new FileFormatException(path, $"a file '{file.Name}' found, {string.Join(", ", required.Concat(optional))} expected");
            return new TrainingState(ReadOptions(path, fields.Object("options")), (int)step, fields.Count("tokens"),
                fields.Text("data_hash"), names.ToDictionary(name => name, checksums.Text));
        });

    /// <summary>Writes the file, whole or not at all.</summary>
    public void Write(string path)
    {
        JsonObject files = [];
        foreach ((string name, string checksum) in Checksums)
            files[name] = checksum;
        JsonFile.Write(path, new JsonObject
        {
            ["version"] = Version,
            ["step"] = Step,
            ["tokens"] = Tokens,
            ["data_hash"] = DataHash,
            ["files"] = files,
            ["options"] = JsonNode.Parse(Options.ToJson()),
        });
    }

    private static TrainingOptions ReadOptions(string path, JsonElement json)
    {
        try
        {
            TrainingOptions options = TrainingOptions.FromJson(json.GetRawText());
            options.Validate();
            return options;
        }
        catch (ArgumentException error)
        {
            throw new FileFormatException(path, error.Message, error);
        }
    }
}
