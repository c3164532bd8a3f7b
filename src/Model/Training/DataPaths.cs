using System.Text.Json;
using System.Text.Json.Nodes;
using MiniGpt.Model.Data;
using MiniGpt.Model.Files;

namespace MiniGpt.Model.Training;

/// <summary>
/// Where the data of a run is, seen from its folder: training.json has these paths beside the full ones, so that a project can be moved as a whole
/// and its run resumed.
/// </summary>
internal static class DataPaths
{
    private const string DataKey = "data_from_here";
    private const string ValidationKey = "validation_data_from_here";

    /// <summary>Adds the paths that can be seen from the folder of a run to what its training.json says.</summary>
    /// <param name="state">What it says.</param>
    /// <param name="options">The options of the run, with full paths.</param>
    /// <param name="trainingPath">The path of training.json.</param>
    public static void Add(JsonObject state, TrainingOptions options, string trainingPath)
    {
        string run = RunPaths.FolderOfRun(Path.GetDirectoryName(Path.GetFullPath(trainingPath))!);
        if (options.Data.Count > 0)
            state[DataKey] = new JsonArray([.. options.Data.Select(path => (JsonNode?)FromHere(path, run))]);
        if (options.ValidationData is string validation)
            state[ValidationKey] = FromHere(validation, run);
    }

    /// <summary>The options with each path that leads nowhere any more replaced by the one from the folder of the run, where that leads to something.</summary>
    /// <exception cref="FileFormatException">The paths are no list of strings as long as that of the options.</exception>
    public static TrainingOptions Found(TrainingOptions options, string trainingPath, JsonFields fields)
    {
        string run = RunPaths.FolderOfRun(Path.GetDirectoryName(Path.GetFullPath(trainingPath))!);
        JsonElement[] data = [.. fields.OptionalArray(DataKey)];
        if (data.Length > 0 && data.Length != options.Data.Count)
            throw new FileFormatException(trainingPath, $"{data.Length} paths in {DataKey} found, the {options.Data.Count} of its data expected");
        string? validation = fields.IsEmpty(ValidationKey) ? null : fields.Text(ValidationKey);
        return options with
        {
            Data = data.Length == 0 ? options.Data : [.. options.Data.Zip(data, (path, relative) => Find(path, Text(relative)))],
            ValidationData = options.ValidationData is string full ? Find(full, validation) : null,
        };

        string Find(string full, string? relative) =>
            relative is null || Path.Exists(full) || Path.GetFullPath(Path.Combine(run, relative)) is var moved && !Path.Exists(moved) ? full : moved;

        string? Text(JsonElement relative) => relative.ValueKind switch
        {
            JsonValueKind.String => relative.GetString(),
            JsonValueKind.Null => null,
            _ => throw new FileFormatException(trainingPath, $"a JSON {JsonFile.Kind(relative)} in {DataKey} found, a path expected"),
        };
    }

    private static string? FromHere(string path, string run) =>
        path == TextSource.StandardInput || Path.GetRelativePath(run, path) is not { } relative || Path.IsPathRooted(relative) ? null : relative;
}
