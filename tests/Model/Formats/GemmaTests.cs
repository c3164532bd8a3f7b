using System.Text.Json;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Files;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Layers;
using MiniGpt.Model.Optimization;
using Xunit;

namespace MiniGpt.Tests.Model.Formats;

/// <summary>Gemma's folders have of a gain what it is more than 1. LlamaCppTests compares its GGUF files with llama.cpp.</summary>
public sealed class GemmaTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void A_folder_has_gains_less_one_and_gives_the_model_back()
    {
        Decoder<float> model = new(Gemma.Config(new ModelSizes(20, Context: 16, Layers: 2, Heads: 2, Width: 16) { KeyHeads = 1, HeadSize = 12 }));
        model.Initialize(1);
        model.Stack.Blocks[1].AttentionNorm.Gain.Value.Span[3] = 1.25f;
        ModelFolder.Save(_folder.Root, model);
        using (SafetensorsReader reader = SafetensorsReader.Open(_folder.File(ModelFiles.Weights)))
        {
            Assert.True(reader.TryGet("model.layers.1.input_layernorm.weight", out StoredTensor? gain));
            float[] stored = new float[16];
            reader.Read<float>(gain, stored);
            Assert.Equal([0, 0, 0, 0.25f, 0], stored[..5]);
            Assert.False(reader.TryGet("lm_head.weight", out _));
        }
        using JsonDocument config = JsonDocument.Parse(File.ReadAllBytes(_folder.File(ModelFiles.Config)));
        Assert.Equal("GemmaForCausalLM", config.RootElement.GetProperty("architectures")[0].GetString());
        Assert.Equal("gelu_pytorch_tanh", config.RootElement.GetProperty("hidden_activation").GetString());
        Assert.Equal(12, config.RootElement.GetProperty("head_dim").GetInt32());

        LoadedModel<float> loaded = ModelFolder.Load<float>(_folder.Root);
        Assert.Equal(model.Config, loaded.Any.Config);
        Assert.Equal(model.Parameters.Values.Span, loaded.Any.Parameters.Values.Span);
    }

    [Fact]
    public void Moments_of_a_gain_are_stored_as_they_are()
    {
        Decoder<float> model = new(Gemma.Config(new ModelSizes(20, Context: 16, Layers: 1, Heads: 2, Width: 16)));
        model.Initialize(1);
        AdamW<float> optimizer = new(model.Parameters, new AdamWOptions()), read = new(model.Parameters, new AdamWOptions());
        foreach (var (state, i) in optimizer.State.Select((state, i) => (state, i)))
        {
            foreach (var part in state.Parts)
                part.Values.Span.Fill(1e-9f * (i + 1));
        }
        string path = _folder.File("optimizer.safetensors");
        using (FileStream stream = File.Create(path))
            ModelWeights.WriteState(stream, model.Config, optimizer);
        using SafetensorsReader reader = SafetensorsReader.Open(path);
        ModelWeights.ReadState(reader, model.Config, read);
        Assert.Equal(
            optimizer.State.SelectMany(state => state.Parts).SelectMany(part => part.Values.Span.ToArray()),
            read.State.SelectMany(state => state.Parts).SelectMany(part => part.Values.Span.ToArray()));
    }

    [Fact]
    public void Another_scale_of_the_embedding_is_none_of_Gemmas()
    {
        TransformerConfig config = Gemma.Config(new ModelSizes(20, Context: 16, Layers: 1, Heads: 2, Width: 16)) with { EmbeddingScale = 2 };
        Decoder<float> model = new(config);
        model.Initialize(1);
        ModelFolder.Save(_folder.Root, model);
        Assert.Contains("\"minigpt\"", File.ReadAllText(_folder.File(ModelFiles.Config)));
        Assert.Equal(2, ModelFolder.Load<float>(_folder.Root).Any.Config.EmbeddingScale);
    }

    public void Dispose() => _folder.Dispose();
}
