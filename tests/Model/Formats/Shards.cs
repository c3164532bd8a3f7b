using System.Text.Json.Nodes;
using MiniGpt.Model.Formats;

namespace MiniGpt.Tests;

/// <summary>Cuts a model folder's weights into several files with an index, as Hugging Face does with large models.</summary>
internal static class Shards
{
    /// <summary>Copies a folder, its weights in <paramref name="count"/> files. Returns the copy.</summary>
    public static string Cut(string from, string to, int count)
    {
        Directory.CreateDirectory(to);
        foreach (string file in Directory.GetFiles(from, "*.json"))
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        using SafetensorsReader reader = SafetensorsReader.Open(Path.Combine(from, "model.safetensors"));
        JsonObject map = [];
        for (int part = 0; part < count; part++)
        {
            string name = $"model-{part + 1:D5}-of-{count:D5}.safetensors";
            StoredTensor[] tensors = [.. reader.Entries.Where((_, place) => place % count == part)];
            using FileStream stream = File.Create(Path.Combine(to, name));
            SafetensorsWriter writer = new(stream, tensors.Select(tensor => (tensor.Name, tensor.Shape, tensor.Type)));
            foreach (StoredTensor tensor in tensors)
            {
                double[] numbers = new double[tensor.Count];
                reader.Read<double>(tensor, numbers);
                writer.Write<double>(numbers);
                map[tensor.Name] = name;
            }
        }
        JsonObject index = new()
        {
            ["metadata"] = new JsonObject { ["total_size"] = reader.Entries.Sum(entry => entry.Bytes) },
            ["weight_map"] = map,
        };
        File.WriteAllText(Path.Combine(to, "model.safetensors.index.json"), index.ToJsonString());
        return to;
    }
}
