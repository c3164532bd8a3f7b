using System.Runtime.InteropServices;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Files;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Generation;
using MiniGpt.Model.Layers;
using Xunit;

namespace MiniGpt.Tests.Model.Formats;

public sealed class Llama2CTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData(HeadKind.Tied)]
    [InlineData(HeadKind.Own)]
    public void A_Llama_has_the_same_logits_in_every_form(HeadKind head)
    {
        Decoder<float> model = Model(head);
        float[] expected = Logits(model);
        foreach (string name in (string[])["a.bin", "folder", "b.gguf"])
        {
            ModelFile.Save(_folder.File(name), model);
            Assert.Equal(expected, Logits(ModelFile.Load<float>(_folder.File(name)).Model));
        }
        ModelConversion.Run(_folder.File("folder"), _folder.File("c.bin"));
        Assert.Equal(File.ReadAllBytes(_folder.File("a.bin"))[28..], File.ReadAllBytes(_folder.File("c.bin"))[28..]);
        Assert.Equal(ModelFormat.Llama2C, ModelConversion.Run(_folder.File("c.bin"), _folder.File("d.gguf")).From);
        Assert.Equal(expected, Logits(ModelFile.Load<float>(_folder.File("d.gguf")).Model));
    }

    [Fact]
    public void The_file_begins_with_seven_sizes_and_neighbours_turn_with_each_other()
    {
        Decoder<float> model = Model(HeadKind.Own);
        ModelFile.Save(_folder.File("a.bin"), model);
        byte[] bytes = File.ReadAllBytes(_folder.File("a.bin"));
        Assert.Equal([16, 32, 2, 4, 2, -11, 8], MemoryMarshal.Cast<byte, int>(bytes)[..7]);
        ReadOnlySpan<float> numbers = MemoryMarshal.Cast<byte, float>(bytes.AsSpan(28));
        // The embedding, the norms before attention, then all queries: of a head of 4, the rows 0, 2, 1, 3 of ours.
        ReadOnlySpan<float> queries = numbers[(11 * 16 + 2 * 16)..];
        ReadOnlySpan<float> own = model.Stack.Blocks[0].Attention.QueryKeyValue.Weight.Value.Span;
        foreach ((int inFile, int inModel) in (ReadOnlySpan<(int, int)>)[(0, 0), (1, 2), (2, 1), (3, 3), (4, 4), (5, 6)])
            Assert.Equal(own.Slice(inModel * 16, 16), queries.Slice(inFile * 16, 16));
    }

    [Fact]
    public void What_does_not_fit_or_cannot_be_held_is_refused_in_one_line()
    {
        ModelFile.Save(_folder.File("a.bin"), Model(HeadKind.Tied));
        byte[] bytes = File.ReadAllBytes(_folder.File("a.bin"));
        AssertRefused([.. bytes, 0], "of a llama2.c model of the header's sizes expected");
        AssertRefused(bytes[..20], "the header of an llm.c or a llama2.c model expected");
        MemoryMarshal.Cast<byte, int>(bytes.AsSpan())[2] = 0;
        AssertRefused(bytes, "the seven sizes of a llama2.c model expected");
        Decoder<float> qwen = new(Qwen3.Config(new ModelSizes(11, 8, 1, 2, 16)));
        Assert.Contains("llama2.c has none", Assert.Throws<ArgumentException>(() => ModelFile.Save(_folder.File("q.bin"), qwen)).Message, StringComparison.Ordinal);

        void AssertRefused(byte[] content, string reason) => Assert.Contains(reason,
            Assert.Throws<FileFormatException>(() => ModelFile.Open(_folder.Write("broken.bin", content))).Message, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private static Decoder<float> Model(HeadKind head)
    {
        Decoder<float> model = new(Llama.Config(new ModelSizes(11, 8, 2, 4, 16) { KeyHeads = 2, FeedForwardWidth = 32 }) with
        {
            Head = head,
            InitializerRange = 0.3,
        });
        model.Initialize(1);
        return model;
    }

    private static float[] Logits(Decoder<float> model)
    {
        using IncrementalDecoder<float> decoder = new(model.ForReading());
        return decoder.Logits([1, 5, 3, 10, 0, 7], 0, everywhere: true).Span.ToArray();
    }
}
