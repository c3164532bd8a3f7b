using MiniGpt.Model.Architectures;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors.Storage;
using Xunit;

namespace MiniGpt.Tests.Model.Formats;

/// <summary>A model of GPT-2's size, 498 MB of it a hole that the file system keeps no blocks for.</summary>
[Collection("Alone")]
public sealed class OpeningTests : IDisposable
{
    private static readonly TransformerConfig s_gpt2 = Gpt2.Config(50_257, 1024, 12, 12, 768);

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void A_model_of_500_MB_is_opened_in_less_than_three_tenths_of_a_second()
    {
        WriteSparse();
        Assert.InRange(new FileInfo(_folder.File("model.safetensors")).Length, 497_000_000, 499_000_000);
        Quickest.AssertWithin(TimeSpan.FromSeconds(0.3), () =>
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            using (ModelFile model = ModelFile.Open(_folder.Root))
                model.CheckTensors();
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 2 << 20);
        });
    }

    public void Dispose() => _folder.Dispose();

    private void WriteSparse()
    {
        ConfigJson.Write(_folder.File("config.json"), s_gpt2);
        long c = s_gpt2.Width;
        List<(string Name, IReadOnlyList<long> Shape, StoredType Type)> tensors =
            [Tensor("wte.weight", s_gpt2.VocabularySize, c), Tensor("wpe.weight", s_gpt2.Context, c)];
        for (int layer = 0; layer < s_gpt2.Layers; layer++)
        {
            (string Name, long Inputs, long Outputs)[] matrices =
                [("attn.c_attn", c, 3 * c), ("attn.c_proj", c, c), ("mlp.c_fc", c, 4 * c), ("mlp.c_proj", 4 * c, c)];
            foreach ((string name, long inputs, long outputs) in matrices)
                tensors.AddRange([Tensor($"h.{layer}.{name}.weight", inputs, outputs), Tensor($"h.{layer}.{name}.bias", outputs)]);
            foreach (string name in (string[])["ln_1", "ln_2"])
                tensors.AddRange([Tensor($"h.{layer}.{name}.weight", c), Tensor($"h.{layer}.{name}.bias", c)]);
        }
        tensors.AddRange([Tensor("ln_f.weight", c), Tensor("ln_f.bias", c)]);
        using FileStream stream = File.Create(_folder.File("model.safetensors"));
        _ = new SafetensorsWriter(stream, tensors); // the header alone
        stream.SetLength(stream.Position + tensors.Sum(tensor => StoredTensor.BytesOf(tensor.Type, tensor.Shape)!.Value));

        static (string, IReadOnlyList<long>, StoredType) Tensor(string name, params long[] shape) => (name, shape, StoredType.F32);
    }
}
