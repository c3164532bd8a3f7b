using System.Text.Json.Nodes;
using MiniGpt.Model.Files;
using MiniGpt.Model.Formats;
using Xunit;

namespace MiniGpt.Tests.Model.Formats;

public sealed class SafetensorsShardsTests : IDisposable
{
    private const string First = "model-00001-of-00002.safetensors";

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void An_index_and_files_that_do_not_fit_each_other_are_refused()
    {
        AssertRefused("an empty weight_map found", index => index["weight_map"] = new JsonObject());
        AssertRefused("there is no weight_map", index => index.AsObject().Remove("weight_map"));
        AssertRefused("there is no such file", index => index["weight_map"]!["transformer.wte.weight"] = "gone.safetensors");
        AssertRefused("where the index has none of this name", index => index["weight_map"]!.AsObject().Remove("transformer.wpe.weight"));
    }

    [Theory]
    [InlineData("../model.safetensors")]
    [InlineData("/etc/passwd")]
    [InlineData("sub/model.safetensors")]
    [InlineData("..\\model.safetensors")]
    [InlineData("config.json")]
    public void An_index_reaches_for_no_file_outside_of_its_folder(string name) =>
        AssertRefused("the name of a file in the same folder expected", index => index["weight_map"]!["transformer.wte.weight"] = name);

    public void Dispose() => _folder.Dispose();

    private void AssertRefused(string reason, Action<JsonNode> change)
    {
        string folder = Shards.Cut(Fixtures.File("gpt2-tiny"), _folder.File(Guid.NewGuid().ToString()), 2);
        string path = Path.Combine(folder, "model.safetensors.index.json");
        JsonNode index = JsonNode.Parse(File.ReadAllText(path))!;
        change(index);
        File.WriteAllText(path, index.ToJsonString());
        Assert.Contains(reason, Assert.Throws<FileFormatException>(() => ModelFile.Load<float>(folder)).Message);
    }
}
