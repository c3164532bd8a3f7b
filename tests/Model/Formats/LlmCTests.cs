using System.Runtime.InteropServices;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Files;
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
        Decoder<float> gpt = new(Gpt2.Config(3, 4, 2, 2, 8));
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
            ("tokens.weight", 128 * 8), ("positions.weight", 4 * 8), ("*.attention_norm.weight", 2 * 8), ("*.attention_norm.bias", 2 * 8),
            ("*.attention.qkv.weight", 2 * 3 * 8 * 8), ("*.attention.qkv.bias", 2 * 3 * 8), ("*.attention.output.weight", 2 * 8 * 8),
            ("*.attention.output.bias", 2 * 8), ("*.feed_forward_norm.weight", 2 * 8), ("*.feed_forward_norm.bias", 2 * 8),
            ("*.feed_forward.up.weight", 2 * 4 * 8 * 8), ("*.feed_forward.up.bias", 2 * 4 * 8), ("*.feed_forward.down.weight", 2 * 8 * 4 * 8),
            ("*.feed_forward.down.bias", 2 * 8), ("norm.weight", 8), ("norm.bias", 8),
        ];
        Assert.Equal(pieces.Sum(piece => piece.Size), numbers.Length);
        Assert.All(numbers[24..1024], number => Assert.Equal(0, number)); // the padding of the vocabulary
        int at = 0;
        foreach ((string name, int size) in pieces)
        {
            string[] parameters = name[0] == '*' ? [name.Replace("*", "blocks.0"), name.Replace("*", "blocks.1")] : [name];
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
        Decoder<float> gpt = ModelFile.Load<float>(Write([20240326, 5, 1, 2, 1, 1, 1, 2], MemoryMarshal.AsBytes<ushort>(numbers).ToArray())).Model;
        Assert.Equal([1, 2], gpt.Tokens.Table.Value.Span);
        Assert.Equal([6, 7, 8], gpt.Stack.Blocks[0].Attention.QueryKeyValue.Weight.Value.Span);
        Assert.Equal([30], gpt.Stack.FinalNorm!.Bias!.Value.Span);
    }

    [Theory]
    [InlineData(0, 20240520, "the magic number 20240520 found, which a token file begins with; llm.c's 20240326 of a model expected")] // a token file
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
