using System.Runtime.InteropServices;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;
using MiniGpt.Tensors.Memory;
using MiniGpt.Tensors.Storage;
using Xunit;

namespace MiniGpt.Tests.Tensors.Kernels;

public class QuantizedMatrixTests
{
    [Theory]
    [InlineData(1, 1, 32)]
    [InlineData(2, 32, 32)]
    [InlineData(3, 65, 96)]
    [InlineData(9, 70, 128)]
    [InlineData(98, 7, 768)]
    [InlineData(5, 300, 3072)]
    public void A_product_is_that_of_whole_numbers_and_scales(int rows, int outputs, int inputs)
    {
        using Q8Matrix weights = Q8Matrix.Quantize(Random(2, [outputs, inputs]));
        AssertProduct(Random(1, [rows, inputs]), weights, weights.Row);
    }

    [Fact]
    public void Any_bytes_and_any_scales_that_a_file_may_have_are_multiplied_and_read_as_they_are()
    {
        const int outputs = 70, inputs = 128, rowBytes = inputs / Q8Block.Size * Q8Block.Bytes;
        var random = new Random(5);
        byte[] bytes = new byte[3 + outputs * rowBytes];
        random.NextBytes(bytes);
        float[] scales = [1, -1, 0, -0.25f, 6e-8f, 3e-5f, -6.1e-5f, 100]; // also those below the smallest normal half, 2⁻¹⁴
        for (int block = 0; block < outputs * inputs / Q8Block.Size; block++)
            MemoryMarshal.Write(bytes.AsSpan(3 + block * Q8Block.Bytes), (Half)scales[random.Next(scales.Length)]);
        bytes.AsSpan(5, Q8Block.Size).Fill(0x80); // -128, which quantising never makes
        using TemporaryFolder folder = new();
        File.WriteAllBytes(folder.File("blocks"), bytes);
        using MappedFile file = MappedFile.Open(folder.File("blocks"));
        AssertProduct(Random(1, [9, inputs]), Q8Matrix.In(file, 3, outputs, inputs), row => bytes.AsSpan(3 + row * rowBytes, rowBytes));
    }

    [Fact]
    public void A_row_of_zeros_gives_the_bias()
    {
        var y = new Tensor<float>([1, 2]);
        new QuantizedMatrix(Q8Matrix.Quantize(Random(1, [2, 64]))).Multiply(new Tensor<float>([1, 64]), Tensor<float>.From([3, 4], [2]), y);
        Assert.Equal([3, 4], y.Span.ToArray());
    }

    [Fact]
    public void The_blocks_are_not_needed_once_they_are_laid_out()
    {
        Q8Matrix blocks = Q8Matrix.Quantize(Random(1, [33, 64]));
        float[] expected = new float[64], row = new float[64];
        Q8Block.Dequantize(blocks.Row(32), expected);
        QuantizedMatrix matrix = new(blocks);
        blocks.Dispose();
        matrix.ReadRow(32, row);
        Assert.Equal(expected, row);
        Assert.Throws<ObjectDisposedException>(() => new QuantizedMatrix(blocks));
    }

    private delegate ReadOnlySpan<byte> Blocks(int row);

    /// <summary>Products with and without a bias, added to what is there and not, and every row, against plain sums in double.</summary>
    private static void AssertProduct(Tensor<float> x, Q8Matrix weights, Blocks blocksOf)
    {
        int rows = x.Shape[0], outputs = weights.Rows, inputs = weights.Columns;
        Tensor<float> bias = Random(3, [outputs]), y = Random(4, [rows, outputs]), start = Tensor<float>.From(y.Span, y.Shape);
        var alone = new Tensor<float>([rows, outputs]);
        QuantizedMatrix matrix = new(weights);
        matrix.Multiply(x, bias, y, accumulate: true);
        matrix.Multiply(x, default, alone);
        double[] w = new double[inputs];
        float[] read = new float[inputs];
        for (int column = 0; column < outputs; column++)
        {
            ReadOnlySpan<byte> blocks = blocksOf(column);
            for (int k = 0; k < inputs; k++)
            {
                ReadOnlySpan<byte> block = blocks[(k / Q8Block.Size * Q8Block.Bytes)..];
                w[k] = (double)MemoryMarshal.Read<Half>(block) * (sbyte)block[2 + k % Q8Block.Size];
            }

            matrix.ReadRow(column, read);
            Assert.Equal(w, read.Select(number => (double)number));
            for (int row = 0; row < rows; row++)
            {
                double sum = 0, magnitudes = 0;
                for (int block = 0; block < inputs; block += Q8Block.Size)
                {
                    float most = Enumerable.Range(block, Q8Block.Size).Max(k => MathF.Abs(x[row, k]));
                    for (int k = block; k < block + Q8Block.Size; k++)
                    {
                        double product = Math.Round(x[row, k] * (127 / most)) * (most / 127) * w[k];
                        sum += product;
                        magnitudes += Math.Abs(product);
                    }
                }

                double tolerance = 1e-6 * (1 + magnitudes);
                Assert.Equal(sum, alone[row, column], tolerance);
                Assert.Equal(start[row, column] + bias[column] + sum, y[row, column], tolerance);
            }
        }
    }

    private static Tensor<float> Random(ulong seed, Shape shape)
    {
        var tensor = new Tensor<float>(shape);
        new RandomStream(seed, RandomPurpose.Evaluation).FillNormal(tensor.Span, 0, 1);
        return tensor;
    }
}
