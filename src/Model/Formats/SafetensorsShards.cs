using System.Text.Json;
using MiniGpt.Model.Files;
using MiniGpt.Tensors.Memory;

namespace MiniGpt.Model.Formats;

/// <summary>
/// A model in several safetensors files, as Hugging Face cuts large ones: model.safetensors.index.json says for every tensor which file
/// of the same folder has it.
/// </summary>
public sealed class SafetensorsShards : TensorSource
{
    private readonly IReadOnlyList<SafetensorsReader> _shards;
    private readonly Dictionary<string, SafetensorsReader> _shardOf;

    private SafetensorsShards(string path, IReadOnlyList<SafetensorsReader> shards)
        : base(path, [.. shards.SelectMany(shard => shard.Entries)])
    {
        _shards = shards;
        _shardOf = shards.SelectMany(shard => shard.Entries.Select(entry => (entry.Name, shard))).ToDictionary();
    }

    /// <summary>Opens an index and all files that it names, and checks one against the other.</summary>
    /// <exception cref="FileFormatException">
    /// The index names a file that is not in its folder, a tensor that its file does not have, or not a tensor that a file has; or a file is no
    /// safetensors file.
    /// </exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static SafetensorsShards Open(string path)
    {
        Dictionary<string, string> fileOf = JsonFile.Read(path, root => Parse(path, root));
        string folder = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!;
        List<SafetensorsReader> shards = [];
        try
        {
            foreach (IGrouping<string, string> tensors in fileOf.GroupBy(pair => pair.Value, pair => pair.Key)
                .OrderBy(group => group.Key, StringComparer.Ordinal))
            {
                string file = System.IO.Path.Combine(folder, tensors.Key);
                if (!File.Exists(file))
                    throw new FileFormatException(path, $"tensor '{tensors.First()}' is in {tensors.Key}, and there is no such file");
                SafetensorsReader shard = SafetensorsReader.Open(file);
                shards.Add(shard);
                // A name without a tensor is passed over: of two names for one matrix, the index may list both. A model that needs it says so.
                if (shard.Entries.FirstOrDefault(entry => fileOf.GetValueOrDefault(entry.Name) != tensors.Key) is StoredTensor unknown)
                {
                    throw new FileFormatException(path,
                        $"tensor '{unknown.Name}' found in {tensors.Key}, where the index has none of this name");
                }
            }
            return new SafetensorsShards(path, shards);
        }
        catch
        {
            shards.ForEach(shard => shard.Dispose());
            throw;
        }
    }

    /// <summary>Deletes an index and the files that it names. Of one that cannot be understood, nothing but itself.</summary>
    /// <exception cref="IOException">A file cannot be read or deleted.</exception>
    internal static void Delete(string path)
    {
        if (!File.Exists(path))
            return;
        string[] shards;
        try
        {
            shards = [.. JsonFile.Read(path, root => Parse(path, root)).Values.Distinct()];
        }
        catch (FileFormatException)
        {
            shards = []; // which files are its own is not known: without it, they are part of no model
        }

        File.Delete(path);
        foreach (string shard in shards)
            File.Delete(System.IO.Path.Combine(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!, shard));
    }

    /// <inheritdoc/>
    internal override IEnumerable<string> FileNames => [.. base.FileNames, .. _shards.SelectMany(shard => shard.FileNames)];

    /// <inheritdoc/>
    public override void Dispose()
    {
        foreach (SafetensorsReader shard in _shards)
            shard.Dispose();
    }

    private protected override (MappedFile File, long Offset) Locate(StoredTensor entry) => _shardOf[entry.Name].Place(entry);

    private static Dictionary<string, string> Parse(string path, JsonElement root)
    {
        Dictionary<string, string> fileOf = [];
        foreach (JsonProperty tensor in new JsonFields(path, root).Object("weight_map").EnumerateObject())
        {
            if (tensor.Value.ValueKind != JsonValueKind.String || !IsPlainName(tensor.Value.GetString()!))
            {
                throw new FileFormatException(path,
                    $"tensor '{tensor.Name}' is in {tensor.Value.GetRawText()}, the name of a file in the same folder expected");
            }
            fileOf.Add(tensor.Name, tensor.Value.GetString()!);
        }
        return fileOf.Count > 0 ? fileOf : throw new FileFormatException(path, "an empty weight_map found, at least one tensor expected");
    }

    // An index from elsewhere must not reach for files outside of its folder.
    private static bool IsPlainName(string name) =>
        name.EndsWith(SafetensorsReader.Extension, StringComparison.Ordinal) && name.AsSpan().IndexOfAny("/\\:\0") < 0;
}
