using System.Text;
using System.Text.Json.Nodes;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Files;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Layers;
using MiniGpt.Model.Optimization;
using MiniGpt.Model.Tokenizers;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Storage;
using Xunit;

namespace MiniGpt.Tests.Model.Formats;

public sealed class ModelFolderTests : IDisposable
{
    private static readonly string s_tiny = Fixtures.File("gpt2-tiny");

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void The_recorded_model_is_read_number_for_number()
    {
        LoadedModel<float> loaded = ModelFolder.Load<float>(s_tiny);
        Assert.Null(loaded.Tokenizer);
        using SafetensorsReader file = SafetensorsReader.Open(Path.Combine(s_tiny, "model.safetensors"));
        float[] table = Numbers(file, "transformer.wte.weight"), up = Numbers(file, "transformer.h.1.mlp.c_fc.weight");
        Assert.Equal(table, loaded.Model.Tokens.Table.Value.Span.ToArray());
        Tensor<float> weight = loaded.Model.Stack.Blocks[1].FeedForward.Up.Weight.Value; // [Out, In]; the file has [In, Out]
        for (int output = 0; output < 128; output++)
        {
            for (int input = 0; input < 32; input++)
                Assert.Equal(up[input * 128 + output], weight[output, input]);
        }
    }

    [Fact]
    public void The_recorded_model_is_written_back_tensor_for_tensor()
    {
        ModelFolder.Save(_folder.Root, ModelFolder.Load<float>(s_tiny).Model);
        using SafetensorsReader original = SafetensorsReader.Open(Path.Combine(s_tiny, "model.safetensors"));
        using SafetensorsReader written = SafetensorsReader.Open(_folder.File("model.safetensors"));
        Assert.Equal(original.Entries.Select(entry => entry.Name).Order(), written.Entries.Select(entry => entry.Name).Order());
        foreach (StoredTensor entry in original.Entries)
        {
            Assert.True(written.TryGet(entry.Name, out StoredTensor? copy));
            Assert.Equal(entry.Shape, copy.Shape);
            Assert.Equal(Numbers(original, entry.Name), Numbers(written, entry.Name));
        }
        Assert.True(JsonNode.DeepEquals(
            JsonNode.Parse(File.ReadAllText(Path.Combine(s_tiny, "config.json")))!["n_embd"],
            JsonNode.Parse(File.ReadAllText(_folder.File("config.json")))!["n_embd"]));
    }

    [Fact]
    public void Saving_what_was_loaded_writes_the_same_bytes()
    {
        TransformerConfig config = Small() with
        {
            Head = HeadKind.Own,
            Positions = new() { Kind = PositionKind.Sinusoidal },
            FeedForward = new() { Width = 33 },
        };
        CharacterTokenizer tokenizer = CharacterTokenizer.FromText("abcd猫");
        Same<float>();
        Same<double>();

        void Same<T>() where T : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<T>
        {
            Decoder<T> gpt = new(config);
            gpt.Initialize(7);
            string first = _folder.File($"first{typeof(T).Name}"), second = _folder.File($"second{typeof(T).Name}");
            ModelFolder.Save(first, gpt, tokenizer, new JsonObject { ["note"] = "kept" });
            LoadedModel<T> loaded = ModelFolder.Load<T>(first);
            Assert.Equal(gpt.Parameters.Values.Span.ToArray(), loaded.Model.Parameters.Values.Span.ToArray());
            ModelFolder.Save(second, loaded.Model, loaded.Tokenizer, loaded.ExtraKeys);
            Assert.Equal(3, Directory.GetFiles(second).Length);
            foreach (string name in Directory.GetFiles(first).Select(Path.GetFileName)!)
                Assert.Equal(File.ReadAllBytes(Path.Combine(first, name)), File.ReadAllBytes(Path.Combine(second, name)));
        }
    }

    [Fact]
    public void Names_without_prefix_masks_and_a_second_copy_of_a_tied_head_are_accepted()
    {
        string folder = Tiny(tensors =>
        {
            foreach ((string name, float[] numbers, long[] shape) in tensors.ToArray())
            {
                tensors.RemoveAt(0);
                tensors.Add((name["transformer.".Length..], numbers, shape));
            }
            tensors.Add(("h.0.attn.bias", new float[256], [1, 1, 16, 16]));
            tensors.Add(("h.1.attn.masked_bias", [-1e4f], []));
            tensors.Add(("lm_head.weight", tensors[0].Numbers, tensors[0].Shape));
        });
        Assert.Equal(
            ModelFolder.Load<float>(s_tiny).Model.Parameters.Values.Span.ToArray(),
            ModelFolder.Load<float>(folder).Model.Parameters.Values.Span.ToArray());
    }

    [Fact]
    public void A_file_that_does_not_fit_the_configuration_is_refused_with_name_and_shapes()
    {
        AssertRefused(Tiny(tensors => tensors.RemoveAll(tensor => tensor.Name == "transformer.h.1.ln_2.bias")),
            "there is no tensor 'transformer.h.1.ln_2.bias', one of shape [32] expected");
        AssertRefused(Tiny(tensors => tensors.Add(("transformer.h.2.ln_1.bias", [1], [1]))),
            "an unexpected tensor 'transformer.h.2.ln_1.bias' [1] found");
        AssertRefused(Tiny(tensors => tensors.Add(("h.1.ln_1.bias", new float[32], [32]))), "an unexpected tensor 'h.1.ln_1.bias'");
        AssertRefused(Tiny(tensors => tensors[0] = (tensors[0].Name, tensors[0].Numbers, [32, 65])),
            "tensor 'transformer.wte.weight' has shape [32, 65], [65, 32] expected");
        AssertRefused(Tiny(tensors => tensors.Add(("lm_head.weight", new float[65 * 32], [65, 32]))), "tie_word_embeddings");
        AssertRefused(Tiny(_ => { }, config => config["n_embd"] = 1 << 14),
            "tensor 'transformer.wte.weight' has shape [65, 32], [65, 16384] expected");
        AssertRefused(Tiny(_ => { }, config => config["n_layer"] = 1 << 20), "28 tensors found, those of 1048576 layers expected");
        AssertRefused(Tiny(_ => { }, config => config["n_layer"] = 1), "an unexpected tensor 'transformer.h.1");
        AssertRefused(Tiny(_ => { }, config => config["tie_word_embeddings"] = false),
            "there is no tensor 'lm_head.weight', one of shape [65, 32]");
    }

    [Fact]
    public void A_folder_that_is_no_model_says_what_is_missing()
    {
        AssertRefused(_folder.File("nowhere"), "no such folder, a model folder with config.json and model.safetensors expected");
        AssertRefused(_folder.Write("file", "text"), "a file found, a model folder");
        AssertRefused(_folder.Root, "no config.json found, a model folder");
        string folder = Tiny(_ => { });
        File.Delete(Path.Combine(folder, "model.safetensors"));
        AssertRefused(folder, "no model.safetensors found, a model folder");
    }

    [Fact]
    public void A_tokenizer_with_more_tokens_than_the_model_is_read_but_not_written()
    {
        string folder = Tiny(_ => { });
        CharacterTokenizer tokenizer = new(Enumerable.Range('0', 66).Select(value => new Rune(value)));
        TokenizerJson.Write(Path.Combine(folder, "tokenizer.json"), tokenizer);
        Assert.Equal(66, ModelFolder.Load<float>(folder).Tokenizer!.VocabularySize);
        Decoder<float> gpt = new(Small());
        Assert.Throws<ArgumentException>(() => ModelFolder.Save(_folder.File("other"), gpt, tokenizer));
        Assert.Empty(Directory.GetFiles(_folder.File("other")));
    }

    [Fact]
    public void A_model_saved_without_a_tokenizer_does_not_inherit_the_old_one()
    {
        ModelFolder.Save(_folder.Root, new Decoder<float>(Small()), CharacterTokenizer.FromText("ab"));
        foreach (string part in (string[])["vocab.json", "merges.txt", "encoder.json", "vocab.bpe"])
            File.WriteAllText(_folder.File(part), "");
        ModelFolder.Save(_folder.Root, new Decoder<float>(Small()));
        Assert.Equal(["config.json", "model.safetensors"], Directory.GetFiles(_folder.Root).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void The_newest_run_is_the_one_written_last()
    {
        Assert.Null(ModelFolder.FindNewest(_folder.File("runs")));
        Directory.CreateDirectory(_folder.File("runs/empty"));
        Assert.Null(ModelFolder.FindNewest(_folder.File("runs")));
        foreach ((string name, int day) in (ReadOnlySpan<(string, int)>)[("a", 2), ("b", 3), ("c", 1)])
        {
            string path = _folder.File($"runs/{name}");
            ModelFolder.Save(path, new Decoder<float>(Small()));
            File.SetLastWriteTimeUtc(Path.Combine(path, "config.json"), new DateTime(2026, 1, day, 0, 0, 0, DateTimeKind.Utc));
        }
        Assert.Equal(_folder.File("runs/b"), ModelFolder.FindNewest(_folder.File("runs")));
        File.WriteAllText(_folder.File("runs/c/training.json"), "{}");
        Assert.Equal(_folder.File("runs/c"), ModelFolder.FindNewest(_folder.File("runs")));
    }

    [Fact]
    public void Moments_are_written_under_the_names_of_the_parameters()
    {
        TransformerConfig config = Small();
        AdamW<float> written = NewOptimizer(), read = NewOptimizer();
        int number = 0;
        foreach (Tensor<float> values in Moments(written))
        {
            foreach (ref float moment in values.Span)
                moment = ++number;
        }
        using (FileStream stream = File.Create(_folder.File("optimizer.safetensors")))
            ModelWeights.WriteState(stream, config, written);
        using SafetensorsReader reader = SafetensorsReader.Open(_folder.File("optimizer.safetensors"));
        Assert.True(reader.TryGet("m.transformer.h.0.attn.c_attn.weight", out StoredTensor? entry));
        Assert.Equal([8, 24], entry.Shape);
        ModelWeights.ReadState(reader, config, read);
        Assert.Equal(2 * written.Parameters.TrainedCount, number);
        Assert.Equal(Moments(written).SelectMany(values => values.Span.ToArray()), Moments(read).SelectMany(values => values.Span.ToArray()));

        AdamW<float> NewOptimizer() => new(new Decoder<float>(config).Parameters, new AdamWOptions(0.9, 0.99, 1e-8, 0.1));

        static IEnumerable<Tensor<float>> Moments(AdamW<float> optimizer) =>
            optimizer.State.SelectMany(state => state.Parts.Select(part => part.Values));
    }

    public void Dispose() => _folder.Dispose();

    private static TransformerConfig Small() => Gpt2.Config(5, 6, 1, 2, 8);

    private static float[] Numbers(SafetensorsReader reader, string name)
    {
        Assert.True(reader.TryGet(name, out StoredTensor? entry));
        float[] numbers = new float[entry.Count];
        reader.Read<float>(entry, numbers);
        return numbers;
    }

    private static void AssertRefused(string folder, string reason) =>
        Assert.Contains(
            reason, Assert.Throws<FileFormatException>(() => ModelFolder.Load<float>(folder)).Message, StringComparison.Ordinal);

    /// <summary>A copy of the recorded model with other tensors or another configuration.</summary>
    private string Tiny(Action<List<(string Name, float[] Numbers, long[] Shape)>> change, Action<JsonNode>? reconfigure = null)
    {
        string folder = Directory.CreateDirectory(_folder.File(Guid.NewGuid().ToString())).FullName;
        JsonNode config = JsonNode.Parse(File.ReadAllText(Path.Combine(s_tiny, "config.json")))!;
        reconfigure?.Invoke(config);
        File.WriteAllText(Path.Combine(folder, "config.json"), config.ToJsonString());

        using SafetensorsReader reader = SafetensorsReader.Open(Path.Combine(s_tiny, "model.safetensors"));
        List<(string Name, float[] Numbers, long[] Shape)> tensors =
            [.. reader.Entries.Select(entry => (entry.Name, Numbers(reader, entry.Name), entry.Shape.ToArray()))];
        change(tensors);
        using FileStream stream = File.Create(Path.Combine(folder, "model.safetensors"));
        SafetensorsWriter writer = new(stream,
            tensors.Select(tensor => (tensor.Name, (IReadOnlyList<long>)tensor.Shape, StoredType.F32)));
        tensors.ForEach(tensor => writer.Write<float>(tensor.Numbers));
        return folder;
    }
}
