using System.Text.Json.Nodes;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Files;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Layers;
using Xunit;

namespace MiniGpt.Tests.Model.Formats;

/// <summary>Scaled rotary positions and windows of attention, as files say them.</summary>
public sealed class StretchedPositionsTests : IDisposable
{
    private static readonly RotaryScaling s_linear = new() { Kind = RotaryScalingKind.Linear, Factor = 2.5 };

    private static readonly RotaryScaling s_llama3 =
        new() { Kind = RotaryScalingKind.Llama3, Factor = 32, LowFrequencyFactor = 2, HighFrequencyFactor = 5, OriginalContext = 512 };

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string, RotaryScaling?> Written => new()
    {
        { "null", null },
        { """{"rope_type":"linear","factor":2.5}""", s_linear },
        {
            """{"rope_type":"llama3","factor":32,"low_freq_factor":2,"high_freq_factor":5,"original_max_position_embeddings":512}""", s_llama3
        },
    };

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Written))]
    public void A_folder_says_the_scaling_as_Hugging_Face_does(string json, RotaryScaling? scaling)
    {
        ConfigJson.Write(_folder.File("config.json"), WithScaling(scaling), []);
        JsonNode? written = JsonNode.Parse(File.ReadAllText(_folder.File("config.json")))!["rope_scaling"];
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(json), written), $"{written}");
        Assert.Equal(scaling, ConfigJson.Read(_folder.File("config.json"), out _).Positions.RotaryScaling);
    }

    [Theory]
    [InlineData("rope_scaling", """{"type":"linear","factor":2.5}""")] // as older files say it
    [InlineData("rope_parameters", """{"rope_type":"linear","factor":2.5,"rope_theta":777}""")] // and newer ones
    public void Older_and_newer_keys_of_the_scaling_are_read(string key, string json)
    {
        PositionConfig positions = ReadWith(key, json).Positions;
        Assert.Equal(s_linear, positions.RotaryScaling);
        Assert.Equal(key == "rope_parameters" ? 777 : 10000, positions.RotaryBase);
    }

    [Theory]
    [InlineData("""{"rope_type":"yarn","factor":2}""", "default, linear or llama3")]
    [InlineData("""{"rope_type":"linear"}""", "factor of the rotary scaling")]
    [InlineData("""{"rope_type":"linear","factor":-1}""", "factor of the rotary scaling")]
    public void A_scaling_that_is_not_known_is_refused(string json, string reason) => Assert.Contains(
        reason, Assert.Throws<FileFormatException>(() => ReadWith("rope_scaling", json)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_GGUF_file_says_a_linear_scaling_in_its_keys()
    {
        using ModelFile file = Save(WithScaling(s_linear));
        Assert.Equal(s_linear, file.Config.Positions.RotaryScaling);
        Assert.DoesNotContain(file.Tensors, tensor => tensor.Name == "rope_freqs.weight");
        byte[] bytes = File.ReadAllBytes(file.Path);
        Assert.All((string[])["llama.rope.scaling.type", "llama.rope.scaling.factor"], key =>
            Assert.True(bytes.AsSpan().IndexOf(System.Text.Encoding.UTF8.GetBytes(key)) >= 0, key));
    }

    [Theory]
    [InlineData(8192)]
    [InlineData(5000)]
    public void A_GGUF_file_says_Llama_3s_scaling_in_a_tensor(int originalContext)
    {
        RotaryScaling scaling = new() { Kind = RotaryScalingKind.Llama3, Factor = 8, OriginalContext = originalContext };
        TransformerConfig config = WithScaling(scaling);
        using ModelFile file = Save(config with { Positions = config.Positions with { RotaryBase = 500_000 } });
        Assert.Equal([4], Assert.Single(file.Tensors, tensor => tensor.Name == "rope_freqs.weight").Shape);
        Assert.Equal(scaling, file.Config.Positions.RotaryScaling);
    }

    [Fact]
    public void A_scaling_whose_factors_could_not_be_read_again_is_not_written_to_GGUF()
    {
        TransformerConfig config = WithScaling(new() { Kind = RotaryScalingKind.Llama3, Factor = 8, LowFrequencyFactor = 2 });
        config = config with { Positions = config.Positions with { RotaryBase = 500_000 } };
        Assert.Contains("other bounds than Llama 3's", Assert.Throws<ArgumentException>(() => Save(config)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("mistral")]
    [InlineData("qwen2")]
    [InlineData("qwen3")]
    public void A_window_of_attention_comes_back_from_a_folder(string architecture)
    {
        TransformerConfig config = WithWindow(architecture);
        ConfigJson.Write(_folder.File("config.json"), config, []);
        JsonObject json = JsonNode.Parse(File.ReadAllText(_folder.File("config.json")))!.AsObject();
        Assert.Equal((architecture, 6), ((string?)json["model_type"], (int?)json["sliding_window"]));
        Assert.Equal(6, ConfigJson.Read(_folder.File("config.json"), out _).Attention.Window);
    }

    [Fact]
    public void A_window_that_is_not_used_or_not_in_all_layers_is_none_or_refused()
    {
        ConfigJson.Write(_folder.File("config.json"), WithWindow("qwen2"), []);
        JsonObject json = JsonNode.Parse(File.ReadAllText(_folder.File("config.json")))!.AsObject();
        json["use_sliding_window"] = false;
        Assert.Equal(0, Read(json).Attention.Window);
        (json["use_sliding_window"], json["max_window_layers"]) = (true, 1);
        Assert.Contains("a window in all layers or in none", Assert.Throws<FileFormatException>(() => Read(json)).Message, StringComparison.Ordinal);
        json["layer_types"] = new JsonArray("sliding_attention");
        Assert.Equal(6, Read(json).Attention.Window);
    }

    [Theory]
    [InlineData("qwen2")]
    [InlineData("qwen3")]
    public void A_window_of_attention_comes_back_from_a_GGUF_file(string architecture)
    {
        using ModelFile file = Save(WithWindow(architecture));
        Assert.Equal((architecture, 6), (file.Config.Architecture, file.Config.Attention.Window));
    }

    private static TransformerConfig WithScaling(RotaryScaling? scaling)
    {
        TransformerConfig config = Llama.Config(new ModelSizes(5, 32, 1, 2, 16));
        return config with { Positions = config.Positions with { RotaryScaling = scaling } };
    }

    private static TransformerConfig WithWindow(string architecture)
    {
        TransformerConfig config = ModelFamily.Of(architecture == "mistral" ? "llama" : architecture).Configure(new ModelSizes(5, 32, 2, 2, 16));
        return config with { Architecture = architecture, Attention = config.Attention with { Window = 6 } };
    }

    private TransformerConfig ReadWith(string key, string json)
    {
        ConfigJson.Write(_folder.File("config.json"), WithScaling(null), []);
        JsonObject config = JsonNode.Parse(File.ReadAllText(_folder.File("config.json")))!.AsObject();
        config[key] = JsonNode.Parse(json);
        return Read(config);
    }

    private TransformerConfig Read(JsonObject json) => ConfigJson.Read(_folder.Write("changed.json", json.ToJsonString()), out _);

    private ModelFile Save(TransformerConfig config)
    {
        Decoder<float> model = new(config);
        model.Initialize(1);
        ModelFile.Save(_folder.File("model.gguf"), model);
        return ModelFile.Open(_folder.File("model.gguf"));
    }
}
