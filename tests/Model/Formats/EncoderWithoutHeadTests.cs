using System.Text.Json.Nodes;
using MiniGpt.Autograd;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Storage;
using MiniGpt.Tests.Parity;
using Xunit;

namespace MiniGpt.Tests.Model.Formats;

/// <summary>A BERT as sentence encoders are shared: BertModel's names, no head for masked words, a pooler that nobody asks.</summary>
public sealed class EncoderWithoutHeadTests : IDisposable
{
    private const string Recorded = "family/bert-tiny";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Its_hidden_states_are_those_that_PyTorch_recorded_of_the_whole_model()
    {
        Encoder<double> model = ModelFolder.Load<double>(WriteBare()).Encoder;
        Assert.Equal(HeadKind.None, model.Config.Head);
        using Recording recording = new(Recorded);
        using Tape<double> tape = new();
        ForwardPass<double> pass = new(tape) { Padding = recording.Padding(tape, "attention_mask", 0) };
        Tensor<double> hidden = model.Hidden(recording.Step<double, int>(tape, "ids", 0), pass, recording.Step<double, int>(tape, "token_types", 0)).Value;
        Tensor<double> expected = recording.Trace.Read<double>("hidden");
        bool[] isThere = recording.Mask("attention_mask", 0);
        for (int row = 0; row < isThere.Length; row++)
        {
            if (isThere[row])
                SafetensorsFixture.AssertClose($"row {row}", Row(expected, row), Row(hidden, row), 1e-9);
        }

        Tensor<double> Row(Tensor<double> all, int row) => all.Reshape([isThere.Length, all.Shape[-1]]).Slice(0, row, 1);
    }

    [Fact]
    public void It_is_written_as_it_was_read_and_says_no_words()
    {
        LoadedModel<float> model = ModelFile.Load<float>(WriteBare());
        string again = _folder.File("again");
        ModelFile.Save(again, model.Any);
        JsonNode config = JsonNode.Parse(File.ReadAllText(Path.Combine(again, "config.json")))!;
        Assert.Equal("BertModel", (string?)config["architectures"]![0]);
        LoadedModel<float> read = ModelFile.Load<float>(again);
        Assert.Equal(model.Any.Config, read.Any.Config);
        Assert.DoesNotContain(read.Any.Parameters.All, parameter => parameter.Name.StartsWith("head", StringComparison.Ordinal));

        using Tape<float> tape = new(records: false);
        Assert.Equal(new Shape(1, 3, 32), read.Encoder.Hidden(tape.Copy<int>([2, 17, 3], [1, 3]), new ForwardPass<float>(tape)).Shape);
        string message = Assert.Throws<ArgumentException>(() => read.Encoder.Logits(tape.Copy<int>([2, 17, 3], [1, 3]), new ForwardPass<float>(tape))).Message;
        Assert.Contains("no head", message, StringComparison.Ordinal);
    }

    /// <summary>The recorded model under BertModel's names: without the prefix and the head, and with a pooler.</summary>
    private string WriteBare()
    {
        string from = Fixtures.File(Recorded), to = _folder.File("bare");
        Directory.CreateDirectory(to);
        JsonNode config = JsonNode.Parse(File.ReadAllText(Path.Combine(from, "config.json")))!;
        config["architectures"] = new JsonArray("BertModel");
        File.WriteAllText(Path.Combine(to, "config.json"), config.ToJsonString());
        using SafetensorsFixture whole = new($"{Recorded}/model.safetensors");
        (string Name, Tensor<double> Values)[] kept = [.. whole.Names.Where(name => name.StartsWith("bert.", StringComparison.Ordinal)).Select(name => (name["bert.".Length..], whole.Read<double>(name)))];
        using FileStream stream = File.Create(Path.Combine(to, "model.safetensors"));
        Tensor<double> pooler = Tensor<double>.From(new double[32 * 32], [32, 32]);
        (string Name, Tensor<double> Values)[] all = [.. kept, ("pooler.dense.weight", pooler)];
        SafetensorsWriter writer = new(stream, all.Select(tensor => (tensor.Name, (IReadOnlyList<long>)[.. Enumerable.Range(0, tensor.Values.Shape.Rank).Select(axis => (long)tensor.Values.Shape[axis])], StoredType.F64)));
        foreach ((_, Tensor<double> values) in all)
            writer.Write<double>(values.Span);
        writer.Complete();
        return to;
    }
}
