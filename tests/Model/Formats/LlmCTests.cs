using System.Runtime.InteropServices;
using MiniGpt.Model;
using MiniGpt.Model.Formats;
using Xunit;

namespace MiniGpt.Tests.Model.Formats;

public sealed class LlmCTests : IDisposable
{
    private static readonly int[] s_header = [20240326, 3, 4, 3, 2, 2, 8, 128];

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Parameters_lie_in_the_order_of_llm_c()
    {
        Gpt<float> gpt = new(new GptConfig { VocabularySize = 3, Context = 4, Layers = 2, Heads = 2, Width = 8 });
        gpt.Initialize(1);
        for (int i = 0; i < gpt.Parameters.All.Count; i++)
            gpt.Parameters.All[i].Value.Span[0] = i + 100; // one number that tells each of them from the others
        ModelFile.Save(_folder.File("model.bin"), gpt);
        byte[] file = File.ReadAllBytes(_folder.File("model.bin"));
        Assert.Equal(s_header, MemoryMarshal.Cast<byte, int>(file)[..8]);
        float[] numbers = MemoryMarshal.Cast<byte, float>(file.AsSpan(1024)).ToArray();

        // The sizes of train_gpt2.c's fill_in_parameter_sizes, for Vp = 128, C = 8, L = 2, T = 4.
        (string Name, int Size)[] pieces =
        [
            ("wte", 128 * 8), ("wpe", 4 * 8), ("ln_1.weight", 2 * 8), ("ln_1.bias", 2 * 8), ("attn.c_attn.weight", 2 * 3 * 8 * 8),
            ("attn.c_attn.bias", 2 * 3 * 8), ("attn.c_proj.weight", 2 * 8 * 8), ("attn.c_proj.bias", 2 * 8), ("ln_2.weight", 2 * 8),
            ("ln_2.bias", 2 * 8), ("mlp.c_fc.weight", 2 * 4 * 8 * 8), ("mlp.c_fc.bias", 2 * 4 * 8), ("mlp.c_proj.weight", 2 * 8 * 4 * 8),
            ("mlp.c_proj.bias", 2 * 8), ("ln_f.weight", 8), ("ln_f.bias", 8),
        ];
        Assert.Equal(pieces.Sum(piece => piece.Size), numbers.Length);
        Assert.All(numbers[24..1024], number => Assert.Equal(0, number)); // the padding of the vocabulary
        int at = 0;
        foreach ((string name, int size) in pieces)
        {
            string[] parameters = name.StartsWith("ln_f", StringComparison.Ordinal) ? [name] : name[0] == 'w' ? [$"{name}.weight"]
                : [$"h.0.{name}", $"h.1.{name}"];
            for (int i = 0; i < parameters.Length; i++)
            {
                int index = gpt.Parameters.All.Select(parameter => parameter.Name).ToList().IndexOf(parameters[i]);
                Assert.Equal(index + 100, numbers[at + i * size / parameters.Length]);
            }
            at += size;
        }
    }

    [Fact]
    public void Weights_of_bfloat16_are_widened()
    {
        // V = 2, padded to 2; T = 1; L = 1; H = 1; C = 1: 2 + 1 + 12 + 13 + 2 numbers of two bytes, counted up from 1.
        ushort[] numbers = [.. Enumerable.Range(1, 30).Select(i => (ushort)(BitConverter.SingleToUInt32Bits(i) >> 16))];
        Gpt<float> gpt = ModelFile.Load<float>(Write([20240326, 5, 1, 2, 1, 1, 1, 2], MemoryMarshal.AsBytes<ushort>(numbers).ToArray())).Gpt;
        Assert.Equal([1, 2], gpt.TokenEmbedding.Table.Value.Span);
        Assert.Equal([6, 7, 8], gpt.Blocks[0].Attention.QueryKeyValue.Weight.Value.Span);
        Assert.Equal([30], gpt.FinalNorm.Bias.Value.Span);
    }

    [Theory]
    [InlineData(0, 20240520, "the magic number 20240520 found, llm.c's 20240326 of a model expected")] // a token file
    [InlineData(1, 4, "llm.c model of version 4 found")]
    [InlineData(2, 0, "the context must be positive")]
    [InlineData(3, -1, "the vocabulary size must be positive")]
    [InlineData(4, int.MaxValue, "is more than the")]
    [InlineData(5, 3, "3 heads do not divide a width of 8")]
    [InlineData(6, 1 << 30, "is more than the")]
    [InlineData(6, 16, "12288 bytes found, the 35840 of the header's sizes expected")]
    [InlineData(7, 2, "a vocabulary of 3 padded to 2 found")]
    [InlineData(7, int.MaxValue, "of the header's sizes expected")]
    public void A_header_that_does_not_fit_is_refused_in_one_line(int place, int value, string reason)
    {
        int[] header = [.. s_header];
        header[place] = value;
        string path = Write(header, new byte[12288 - 1024]);
        string message = Assert.Throws<FileFormatException>(() => ModelFile.Open(path)).Message;
        Assert.StartsWith(path, message);
        Assert.Contains(reason, message);
    }

    public void Dispose() => _folder.Dispose();

    private string Write(int[] sizes, byte[] data)
    {
        int[] header = new int[256];
        sizes.CopyTo(header, 0);
        return _folder.Write("written.bin", [.. MemoryMarshal.AsBytes<int>(header), .. data]);
    }
}
