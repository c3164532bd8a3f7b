using FsCheck;
using FsCheck.Fluent;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Storage;
using Xunit;

namespace MiniGpt.Tests.Tensors.Storage;

public class Q8BlockTests
{
    [Fact]
    public void A_block_worked_out_by_hand_has_its_bytes()
    {
        // The largest magnitude is 127: the scale is 1, 0x3C00 as a half; halves go away from zero.
        float[] numbers = new float[32];
        ReadOnlySpan<float> first = [127, -127, 63.5f, -63.5f, 0.4f, -0.6f, 1.5f, 2.5f];
        first.CopyTo(numbers);
        byte[] block = new byte[34];
        Q8Block.Quantize(numbers, block);
        Assert.Equal([0x00, 0x3C, 127, 0x81, 64, 0xC0, 0, 0xFF, 2, 3, 0], block[..11]);
        float[] back = new float[32];
        Q8Block.Dequantize<float>(block, back);
        Assert.Equal([127, -127, 64, -64, 0, -1, 2, 3, 0], back[..9]);
    }

    [Fact]
    public void The_whole_numbers_come_from_the_scale_before_it_is_rounded_to_a_half()
    {
        // 1/127 is 0.00787401…; the half nearest to it is 0x2008, 0.00787353515625. Its inverse would give 127.01 and 63.504.
        float[] numbers = new float[32];
        numbers[5] = 1;
        numbers[6] = 0.5f;
        byte[] block = new byte[34];
        Q8Block.Quantize(numbers, block);
        Assert.Equal([0x08, 0x20], block[..2]);
        Assert.Equal([127, 64], block[7..9]);
        double[] back = new double[32];
        Q8Block.Dequantize<double>(block, back);
        Assert.Equal(127 * 0.00787353515625, back[5]);
    }

    [Fact]
    public void Zeros_stay_zeros() => AssertBack(new float[64], new float[64]);

    [Fact]
    public void The_smallest_numbers_there_are_become_zeros() => AssertBack([.. Enumerable.Repeat(float.Epsilon, 32)], new float[32]);

    [Fact]
    public void Every_number_comes_back_within_the_bound() => Prop.ForAll(
        Gen.Choose(-30, 12).SelectMany(exponent => Gen.Choose(-1_000_000, 1_000_000)
            .Select(whole => (float)(whole * Math.Pow(2, exponent) / 1_000_000)).ArrayOf(64)).ToArbitrary(),
        numbers =>
        {
            float[] back = Back(numbers);
            for (int i = 0; i < numbers.Length; i++)
            {
                double magnitude = numbers[(i / 32 * 32)..(i / 32 * 32 + 32)].Max(MathF.Abs);
                double bound = magnitude * (1 / 254.0 + 1 / 2048.0) + 127 * Math.Pow(2, -25);
                Assert.InRange(back[i], numbers[i] - bound, numbers[i] + bound);
            }
        }).Check(Config.QuickThrowOnFailure);

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.NegativeInfinity)]
    [InlineData(1e7f)]
    public void A_number_without_a_scale_is_refused(float number)
    {
        float[] numbers = new float[32];
        numbers[31] = number;
        Assert.Contains("Q8_0", Assert.Throws<ArgumentException>(() => Q8Block.Quantize(numbers, new byte[34])).Message);
    }

    [Fact]
    public void Lengths_that_do_not_go_together_are_refused()
    {
        Assert.Throws<ArgumentException>(() => Q8Block.Quantize(new float[33], new byte[34]));
        Assert.Throws<ArgumentException>(() => Q8Block.Quantize(new float[32], new byte[68]));
        Assert.Throws<ArgumentException>(() => Q8Block.Dequantize<float>(new byte[34], new float[64]));
        Assert.Throws<ArgumentException>(() => Q8Matrix.Quantize(new Tensor<float>([2, 33])));
    }

    [Fact]
    public void A_matrix_has_the_blocks_of_its_rows()
    {
        Tensor<float> matrix = Tensor<float>.From([.. Enumerable.Range(0, 3 * 64).Select(i => MathF.Sin(i))], [3, 64]);
        Q8Matrix quantized = Q8Matrix.Quantize(matrix);
        byte[] row = new byte[68];
        Q8Block.Quantize(matrix.Span[64..128], row);
        Assert.Equal((3, 64, 68), (quantized.Rows, quantized.Columns, quantized.RowBytes));
        Assert.Equal(row, quantized.Row(1).ToArray());
        Assert.Throws<ArgumentOutOfRangeException>(() => quantized.Row(3).Length);
    }

    private static float[] Back(float[] numbers)
    {
        byte[] blocks = new byte[numbers.Length / 32 * 34];
        float[] back = new float[numbers.Length];
        Q8Block.Quantize(numbers, blocks);
        Q8Block.Dequantize<float>(blocks, back);
        return back;
    }

    private static void AssertBack(float[] numbers, float[] expected) => Assert.Equal(expected, Back(numbers));
}
