using System.Text.Json.Nodes;
using MiniGpt.Autograd;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Files;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;
using MiniGpt.Tensors.Storage;
using Xunit;

namespace MiniGpt.Tests.Model.Formats;

/// <summary>A model goes through every form and says the same afterwards.</summary>
public sealed class ModelFileTests : IDisposable
{
    private static readonly string s_tiny = Fixtures.File("gpt2-tiny");

    // Of the largest logit. A half has 11 bits; Q8_0 has seven and a half of the largest of 32 numbers.
    private const double HalfBound = 1e-3;
    private const double BlockBound = 2e-2;

    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("folder")]
    [InlineData("model.gguf")]
    [InlineData("model.bin")]
    public void Any_form_gives_the_same_logits_bit_for_bit(string name)
    {
        Decoder<float> original = ModelFile.Load<float>(s_tiny).Model;
        ModelFile.Save(_folder.File(name), original);
        LoadedModel<float> there = ModelFile.Load<float>(_folder.File(name));
        Assert.Equal(Logits(original), Logits(there.Model));
        Assert.Equal(original.Config with { BeginOfTextId = null, EndOfTextId = null },
            there.Model.Config with { BeginOfTextId = null, EndOfTextId = null });

        // And back again: nothing is lost on the way.
        ModelFile.Save(_folder.File("back"), there.Model);
        Assert.Equal(Logits(original), Logits(ModelFile.Load<float>(_folder.File("back")).Model));
        using SafetensorsReader first = SafetensorsReader.Open(Path.Combine(s_tiny, "model.safetensors"));
        using SafetensorsReader last = SafetensorsReader.Open(_folder.File("back/model.safetensors"));
        Assert.All(first.Entries, entry =>
        {
            Assert.True(last.TryGet(entry.Name, out StoredTensor? copy));
            Assert.Equal(first.Bytes(entry), last.Bytes(copy));
        });
    }

    [Theory]
    [InlineData("folder")]
    [InlineData("model.gguf")]
    public void An_untied_head_odd_widths_and_other_choices_survive(string name)
    {
        Decoder<float> original = new(Gpt2.Config(11, 7, 3, 5, 30) with { FeedForward = new() { Width = 33, Activation = Activation.Silu }, Positions = new() { Kind = PositionKind.Sinusoidal }, Head = HeadKind.Own, Norm = new() { Epsilon = 1e-6 }, BeginOfTextId = 1, EndOfTextId = 10 });
        original.Initialize(3);
        ModelFile.Save(_folder.File(name), original);
        Decoder<float> there = ModelFile.Load<float>(_folder.File(name)).Model;
        Assert.Equal(original.Config, there.Config);
        Assert.Equal(original.Parameters.Values.Span, there.Parameters.Values.Span);
    }

    [Theory]
    [InlineData(StoredType.F64, "folder", 0)]
    [InlineData(StoredType.F16, "folder", HalfBound)]
    [InlineData(StoredType.BF16, "folder", 8 * HalfBound)]
    [InlineData(StoredType.F16, "model.gguf", HalfBound)]
    [InlineData(StoredType.Q8_0, "model.gguf", BlockBound)]
    public void Fewer_bits_keep_the_logits_within_the_bound(StoredType type, string name, double bound)
    {
        Decoder<float> original = ModelFile.Load<float>(s_tiny).Model;
        ModelFile.Save(_folder.File(name), original, type: type);
        float[] expected = Logits(original), found = Logits(ModelFile.Load<float>(_folder.File(name)).Model);
        float largest = expected.Max(MathF.Abs);
        double error = expected.Zip(found, (a, b) => Math.Abs((double)a - b)).Max() / largest;
        Assert.InRange(error, bound / 1000, bound);
    }

    [Fact]
    public void Q8_0_is_read_as_blocks_and_widened_to_the_same_numbers()
    {
        Decoder<float> original = ModelFile.Load<float>(s_tiny).Model;
        ModelFile.Save(_folder.File("q8.gguf"), original, type: StoredType.Q8_0);
        using ModelFile file = ModelFile.Open(_folder.File("q8.gguf"));
        Parameter<float> widened = file.Load<float>().Model.Stack.Blocks[1].Attention.QueryKeyValue.Weight;
        Decoder<float> reading = file.LoadForReading();
        WeightMatrix<float> blocks = reading.Stack.Blocks[1].Attention.QueryKeyValue.Weight.Packed!;
        Assert.IsType<QuantizedMatrix>(blocks);
        float[] row = new float[32];
        for (int i = 0; i < blocks.Outputs; i++)
        {
            blocks.ReadRow(i, row);
            Assert.Equal(widened.Value.Span.Slice(i * 32, 32).ToArray(), row);
        }
        // Positions, vectors and norms stay F32.
        Assert.Equal(original.Positions!.Table.Value.Span.ToArray(), reading.Positions!.Table.Value.Span.ToArray());
        Assert.Equal(original.Stack.FinalNorm!.Gain.Value.Span.ToArray(), reading.Stack.FinalNorm!.Gain.Value.Span.ToArray());
    }

    [Theory]
    [InlineData("as it is")]
    [InlineData("without prefix")]
    [InlineData("sharded")]
    public void The_recorded_model_opens_in_every_layout_of_Hugging_Face(string layout)
    {
        string folder = layout switch
        {
            "sharded" => Shards.Cut(s_tiny, _folder.File("sharded"), 3),
            "without prefix" => WithoutPrefix(),
            _ => s_tiny,
        };
        Assert.Equal(Logits(ModelFile.Load<float>(s_tiny).Model), Logits(ModelFile.Load<float>(folder).Model));
    }

    [Fact]
    public void What_llm_c_cannot_compute_is_refused_with_the_reason()
    {
        TransformerConfig config = Gpt2.Config(3, 4, 1, 1, 8);
        AssertRefused(config with { Head = HeadKind.Own }, "an output projection of its own");
        AssertRefused(config with { FeedForward = new() { Activation = Activation.Relu } }, "the activation relu");
        AssertRefused(config with { Norm = new() { Epsilon = 1e-6 } }, "a layer norm epsilon of 1E-06");
        AssertRefused(config with { FeedForward = new() { Width = 8 } }, "a feed-forward width of 8");
        Assert.False(File.Exists(_folder.File("model.bin")));
        Assert.Empty(Directory.GetFiles(_folder.Root)); // nothing half written either

        void AssertRefused(TransformerConfig config, string reason)
        {
            ArgumentException error = Assert.Throws<ArgumentException>(() => ModelFile.Save(_folder.File("model.bin"), new Decoder<float>(config)));
            Assert.Contains(reason, error.Message);
        }
    }

    [Fact]
    public void A_type_that_a_form_does_not_have_is_refused()
    {
        Decoder<float> gpt = ModelFile.Load<float>(s_tiny).Model;
        AssertNamed("model.bin", StoredType.F16);
        AssertNamed("model.gguf", StoredType.BF16);
        AssertNamed("folder", StoredType.Q8_0);
        gpt.Stack.FinalNorm!.Gain.Value.Span[0] = 1e30f;
        ArgumentException error = Assert.Throws<ArgumentException>(() => ModelFile.Save(_folder.File("half"), gpt, type: StoredType.F16));
        Assert.Contains("'transformer.ln_f.weight': 1E+30 is too large for Half", error.Message);

        void AssertNamed(string name, StoredType type) => Assert.Contains(
            type.ToString(), Assert.Throws<ArgumentException>(() => ModelFile.Save(_folder.File(name), gpt, type: type)).Message);
    }

    [Fact]
    public void A_file_that_is_no_model_says_what_was_expected()
    {
        AssertRefused(_folder.File("nowhere"), "no such file or folder, a model folder, a .gguf, an llm.c or a llama2.c file expected");
        AssertRefused(_folder.Write("text.txt", "text"), "none of GGUF, llm.c and llama2.c found");
        AssertRefused(_folder.Write("empty.gguf", ""), "the magic number GGUF expected");
        AssertRefused(_folder.Write("empty.bin", ""), "0 bytes found, the header of an llm.c or a llama2.c model expected");
        AssertRefused(Path.Combine(s_tiny, "model.safetensors"), "the folder around them expected");

        static void AssertRefused(string path, string reason) =>
            Assert.Contains(reason, Assert.Throws<FileFormatException>(() => ModelFile.Load<float>(path)).Message);
    }

    [Theory]
    [InlineData("config.json")]
    [InlineData("model.safetensors.index.json")]
    public void JSON_nested_ten_thousand_deep_is_refused_in_one_line(string file)
    {
        string folder = Shards.Cut(s_tiny, _folder.File("nested"), 2);
        File.WriteAllText(Path.Combine(folder, file), new string('[', 10_000) + new string(']', 10_000));
        string message = Assert.Throws<FileFormatException>(() => ModelFile.Load<float>(folder)).Message;
        Assert.StartsWith($"{Path.Combine(folder, file)}: no valid JSON: ", message);
        Assert.DoesNotContain(message, char.IsControl);
    }

    [Fact]
    public void A_conversion_names_what_it_drops()
    {
        string folder = _folder.File("from");
        Directory.CreateDirectory(folder);
        JsonNode config = JsonNode.Parse(File.ReadAllText(Path.Combine(s_tiny, "config.json")))!;
        config["task"] = "verse";
        foreach (string key in (string[])["resid_pdrop", "attn_pdrop", "embd_pdrop"])
            config[key] = 0.2;
        _folder.Write("from/config.json", config.ToJsonString());
        _folder.Write("from/README.md", "A card.");
        File.Copy(Path.Combine(s_tiny, "model.safetensors"), Path.Combine(folder, "model.safetensors"));

        string[] always = ["the file README.md"];
        string[] inFiles = ["the configuration's task = \"verse\"", "the dropout of 0.2"];
        Assert.Equal(always, ModelConversion.Run(folder, _folder.File("to")).Dropped);
        Assert.Equal([.. always, .. inFiles], ModelConversion.Run(folder, _folder.File("to.gguf")).Dropped);
        Assert.Equal([.. always, .. inFiles, "the begin-of-text id 0", "the end-of-text id 0"],
            ModelConversion.Run(folder, _folder.File("to.bin")).Dropped);
        Assert.Equal(["the metadata general.name = \"to\""], ModelConversion.Run(_folder.File("to.gguf"), _folder.File("again")).Dropped);
    }

    [Fact]
    public void A_conversion_names_files_of_tensors_that_were_not_read()
    {
        string folder = Shards.Cut(s_tiny, _folder.File("shards"), 2);
        File.Copy(Path.Combine(s_tiny, "model.safetensors"), _folder.File("shards/adapter.safetensors"));
        File.Delete(_folder.File("shards/trace.json"));
        Assert.Equal(["the file adapter.safetensors"], ModelConversion.Run(folder, _folder.File("a")).Dropped);

        // With all tensors in one file the index and its files are not read.
        File.Move(_folder.File("shards/adapter.safetensors"), _folder.File("shards/model.safetensors"));
        Assert.Equal(
            ["the file model-00001-of-00002.safetensors", "the file model-00002-of-00002.safetensors", "the file model.safetensors.index.json"],
            ModelConversion.Run(folder, _folder.File("b")).Dropped);
    }

    [Fact]
    public void A_conversion_says_what_other_programs_will_not_understand()
    {
        TransformerConfig config = Gpt2.Config(3, 4, 1, 1, 32) with { FeedForward = new() { Activation = Activation.Relu }, Positions = new() { Kind = PositionKind.Sinusoidal } };
        Decoder<float> gpt = new(config);
        gpt.Initialize(1);
        ModelFile.Save(_folder.File("from"), gpt);
        IReadOnlyList<string> gguf = ModelConversion.Run(_folder.File("from"), _folder.File("to.gguf")).Misread;
        Assert.Contains("gelu_new where this model has relu", gguf[0], StringComparison.Ordinal);
        Assert.Contains("sinusoidal positions for learned ones", gguf[1], StringComparison.Ordinal);
        Assert.Equal(2, gguf.Count);
        Assert.Equal([gguf[1]], ModelConversion.Run(_folder.File("from"), _folder.File("to")).Misread); // config.json knows relu
        Assert.Empty(ModelConversion.Run(s_tiny, _folder.File("plain.gguf")).Misread);
    }

    [Fact]
    public void A_conversion_replaces_nothing_that_it_was_not_asked_to()
    {
        Assert.Contains("there is no folder",
            Assert.Throws<ArgumentException>(() => ModelConversion.Run(s_tiny, _folder.File("no/where.gguf"))).Message);
        string to = _folder.Write("to.gguf", "kept");
        Assert.EndsWith("is there already", Assert.Throws<OccupiedException>(() => ModelConversion.Run(s_tiny, to)).Message, StringComparison.Ordinal);
        Assert.Equal("kept", File.ReadAllText(to));
        ModelConversion.Run(s_tiny, to, overwrite: true);
        Assert.Equal(ModelFormat.Gguf, ModelConversion.Run(to, to, StoredType.Q8_0, overwrite: true).From); // also over itself
        Directory.CreateDirectory(_folder.File("run"));
        _folder.Write("run/training.json", "{}");
        ArgumentException error = Assert.Throws<ArgumentException>(() => ModelConversion.Run(to, _folder.File("run"), overwrite: true));
        Assert.Contains("training run", error.Message);
    }

    public void Dispose() => _folder.Dispose();

    private string WithoutPrefix()
    {
        string folder = Directory.CreateDirectory(_folder.File("bare")).FullName;
        File.Copy(Path.Combine(s_tiny, "config.json"), Path.Combine(folder, "config.json"));
        using SafetensorsReader reader = SafetensorsReader.Open(Path.Combine(s_tiny, "model.safetensors"));
        using FileStream stream = File.Create(Path.Combine(folder, "model.safetensors"));
        SafetensorsWriter writer = new(stream,
            reader.Entries.Select(entry => (entry.Name["transformer.".Length..], entry.Shape, entry.Type)));
        foreach (StoredTensor entry in reader.Entries)
        {
            float[] numbers = new float[entry.Count];
            reader.Read<float>(entry, numbers);
            writer.Write<float>(numbers);
        }
        return folder;
    }

    private static float[] Logits(Decoder<float> gpt)
    {
        using Tape<float> tape = new(records: false);
        Tensor<int> ids = tape.Allocate<int>([2, gpt.Config.Context]);
        for (int i = 0; i < ids.Span.Length; i++)
            ids.Span[i] = i * 7 % gpt.Config.VocabularySize;
        return gpt.Forward(tape, ids).Value.Span.ToArray();
    }
}
