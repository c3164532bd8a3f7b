using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;
using MiniGpt.Tensors.Storage;
using Xunit;

namespace MiniGpt.Tests.Tensors.Kernels;

public class WeightMatrixTests
{
    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(1, 65, 128)]
    [InlineData(6, 4, 16)]
    [InlineData(13, 7, 33)]
    [InlineData(8, 130, 1500)]
    [InlineData(97, 33, 40)]
    public void A_product_is_that_of_the_plain_loop(int rows, int outputs, int inputs) => AssertProducts(rows, outputs, inputs);

    private static void AssertProducts(int rows, int outputs, int inputs)
    {
        AssertProduct(rows, outputs, inputs, w => new PanelMatrix<double>(w));
    }

    private static void AssertProduct(int rows, int outputs, int inputs, Func<Tensor<double>, WeightMatrix<double>> keep)
    {
        Tensor<double> x = Random<double>(1, [rows, inputs]), w = Random<double>(2, [outputs, inputs]), bias = Random<double>(3, [outputs]);
        Tensor<double> y = Random<double>(4, [rows, outputs]), start = Tensor<double>.From(y.Span, y.Shape);
        WeightMatrix<double> matrix = keep(w);
        matrix.Multiply(x, bias, y, accumulate: true);
        AssertPlain(start);
        matrix.Multiply(x, default, y, accumulate: false);
        bias.Span.Clear();
        AssertPlain(new Tensor<double>(y.Shape));

        void AssertPlain(Tensor<double> from)
        {
            for (int row = 0; row < rows; row++)
            {
                for (int column = 0; column < outputs; column++)
                {
                    double sum = from[row, column] + bias[column];
                    for (int k = 0; k < inputs; k++)
                        sum += x[row, k] * w[column, k];
                    Assert.Equal(sum, y[row, column], 1e-10);
                }
            }
        }
    }

    [Fact]
    public void Products_of_every_size_from_1_to_257_are_those_of_the_plain_loop()
    {
        foreach (int size in TriedLengths.Of(1, 257))
        {
            AssertProducts(size, 3, 5);
            AssertProducts(3, size, 5);
            AssertProducts(2, 5, size);
        }
    }

    [Theory]
    [InlineData("panels")]
    [InlineData("halves")]
    [InlineData("Q8_0")]
    public void A_row_has_the_same_bits_alone_and_among_others(string kind)
    {
        Tensor<float> x = Random<float>(1, [200, 1504]), w = Random<float>(2, [101, 1504]), bias = Random<float>(3, [101]);
        WeightMatrix<float> matrix = kind switch
        {
            "panels" => new PanelMatrix<float>(w),
            "halves" => new PanelMatrix<float>(Rounded(w, StoredType.F16), StoredType.F16),
            _ => new QuantizedMatrix(Q8Matrix.Quantize(w)),
        };
        var together = new Tensor<float>([200, 101]);
        matrix.Multiply(x, bias, together);
        foreach (int count in (int[])[1, 2, 3, 5, 7, 12])
        {
            var few = new Tensor<float>([count, 101]);
            for (int row = 0; row + count <= 200; row += 29)
            {
                matrix.Multiply(x.Slice(0, row, count), bias, few);
                Assert.Equal(together.Slice(0, row, count).Span.ToArray(), few.Span.ToArray());
            }
        }
    }

    [Fact]
    public void Rows_are_read_as_they_are_kept()
    {
        Tensor<float> w = Random<float>(2, [70, 64]);
        float[] row = new float[64];
        new PanelMatrix<float>(w).ReadRow(68, row);
        Assert.Equal(w.Slice(0, 68, 1).Span.ToArray(), row);
        Assert.Throws<ArgumentOutOfRangeException>(() => new PanelMatrix<float>(w).ReadRow(70, row));
        Assert.Throws<ArgumentException>(() => new PanelMatrix<float>(w).ReadRow(0, row.AsSpan(1)));
    }

    [Theory]
    [InlineData(StoredType.F16, 1)]
    [InlineData(StoredType.F16, 9)]
    [InlineData(StoredType.BF16, 1)]
    [InlineData(StoredType.BF16, 9)]
    public void Weights_kept_in_16_bits_give_the_bits_of_those_in_32(StoredType type, int rows)
    {
        Tensor<float> x = Random<float>(1, [rows, 1100]), w = Rounded(Random<float>(2, [101, 1100]), type), bias = Random<float>(3, [101]);
        PanelMatrix<float> wide = new(w), narrow = new(w, type);
        Tensor<float> expected = new([rows, 101]), y = new([rows, 101]);
        wide.Multiply(x, bias, expected);
        narrow.Multiply(x, bias, y);
        Assert.Equal(wide.Bytes, 2 * narrow.Bytes);
        Assert.Equal(expected.Span.ToArray(), y.Span.ToArray());

        Tensor<double> inDouble = new(w.Shape), sums = new([rows, 101]), xInDouble = new(x.Shape), expectedSums = new([rows, 101]);
        System.Numerics.Tensors.TensorPrimitives.ConvertTruncating<float, double>(w.Span, inDouble.Span);
        System.Numerics.Tensors.TensorPrimitives.ConvertTruncating<float, double>(x.Span, xInDouble.Span);
        new PanelMatrix<double>(inDouble).Multiply(xInDouble, default, expectedSums);
        new PanelMatrix<double>(inDouble, type).Multiply(xInDouble, default, sums);
        Assert.Equal(expectedSums.Span.ToArray(), sums.Span.ToArray());
    }

    [Theory]
    [InlineData(StoredType.F16)]
    [InlineData(StoredType.BF16)]
    public void Every_number_of_16_bits_comes_back_or_the_matrix_stays_as_it_was(StoredType type)
    {
        Tensor<float> one = new([1, 1]);
        byte[] bits = new byte[2];
        float[] row = new float[1];
        int kept = 0;
        for (int number = 0; number <= ushort.MaxValue; number++)
        {
            BitConverter.TryWriteBytes(bits, (ushort)number);
            Widening.Convert(bits, type, one.Span);
            PanelMatrix<float> matrix = new(one, type);
            matrix.ReadRow(0, row);
            Assert.Equal(BitConverter.SingleToInt32Bits(one.Span[0]), BitConverter.SingleToInt32Bits(row[0]));
            kept += matrix.Bytes == 2 ? 1 : 0;
        }

        // Halves: those below 64, which has the exponent 21. BF16: all but NaN, 127 of either sign.
        Assert.Equal(type == StoredType.F16 ? 2 * 21 * 1024 : 65536 - 2 * 127, kept);
    }

    [Theory]
    [InlineData(StoredType.F16, 0.1f)]
    [InlineData(StoredType.F16, 64f)]
    [InlineData(StoredType.F16, 1e-9f)]
    [InlineData(StoredType.BF16, 1.001f)]
    public void A_number_that_16_bits_do_not_hold_is_kept_in_32(StoredType type, float number)
    {
        Tensor<float> w = new([40, 9]);
        w.Span[77] = number;
        PanelMatrix<float> matrix = new(w, type);
        float[] row = new float[9];
        matrix.ReadRow(77 / 9, row);
        Assert.Equal(number, row[77 % 9]);
        Assert.Equal(4 * 40 * 9, matrix.Bytes);
    }

    private static Tensor<float> Rounded(Tensor<float> values, StoredType type)
    {
        byte[] bytes = new byte[2 * values.Count];
        Narrowing.Convert<float>(values.Span, type, bytes);
        Widening.Convert(bytes, type, values.Span);
        return values;
    }

    [Fact]
    public void Shapes_that_do_not_go_together_are_refused_with_both()
    {
        var matrix = new PanelMatrix<float>(new Tensor<float>([3, 4]));
        var error = Assert.Throws<ShapeException>(() => matrix.Multiply(new Tensor<float>([2, 5]), default, new Tensor<float>([2, 3])));
        Assert.Contains("[2, 5]", error.Message);
        Assert.Throws<ShapeException>(() => matrix.Multiply(new Tensor<float>([2, 4]), new Tensor<float>([4]), new Tensor<float>([2, 3])));
        Assert.Throws<ArgumentException>(() => new PanelMatrix<float>(new Tensor<float>([3])));
    }

    private static Tensor<T> Random<T>(ulong seed, Shape shape)
        where T : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<T>
    {
        var tensor = new Tensor<T>(shape);
        new RandomStream(seed, RandomPurpose.Evaluation).FillNormal(tensor.Span, 0, 1);
        return tensor;
    }
}
