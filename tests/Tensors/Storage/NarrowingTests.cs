using System.Runtime.InteropServices;
using MiniGpt.Tensors.Storage;
using Xunit;

namespace MiniGpt.Tests.Tensors.Storage;

public class NarrowingTests
{
    [Theory]
    [InlineData(1.0, 0x3F80)]
    [InlineData(1.00390625, 0x3F80)] // 1 + 2⁻⁸, half way: to the even one
    [InlineData(1.01171875, 0x3F82)] // 1 + 3·2⁻⁸, half way: to the even one
    [InlineData(1.0040, 0x3F81)]
    [InlineData(-1.0040, 0xBF81)]
    [InlineData(0.0, 0x0000)]
    [InlineData(double.PositiveInfinity, 0x7F80)]
    [InlineData(1e-45, 0x0000)]
    public void BF16_is_rounded_to_the_nearest(double number, int bits) => AssertBits(StoredType.BF16, number, bits);

    [Theory]
    [InlineData(1.00048828125, 0x3C00)] // 1 + 2⁻¹¹, half way: to the even one
    [InlineData(1.00146484375, 0x3C02)] // 1 + 3·2⁻¹¹, half way: to the even one
    [InlineData(-65519, 0xFBFF)]
    [InlineData(double.NegativeInfinity, 0xFC00)]
    [InlineData(5.9604644775390625e-8, 0x0001)] // 2⁻²⁴, the smallest there is
    public void F16_is_rounded_to_the_nearest(double number, int bits) => AssertBits(StoredType.F16, number, bits);

    [Theory]
    [InlineData(StoredType.F16, 65520)]
    [InlineData(StoredType.BF16, 3.4e38)]
    [InlineData(StoredType.F32, 1e39)]
    [InlineData(StoredType.Q8_0, 1e7)]
    public void A_number_that_would_become_infinite_is_refused(StoredType type, double number)
    {
        double[] numbers = new double[32];
        numbers[7] = number;
        byte[] bytes = new byte[32 / type.BlockSize() * type.BlockBytes()];
        Assert.Throws<ArgumentException>(() => Narrowing.Convert<double>(numbers, type, bytes));
    }

    [Fact]
    public void What_is_not_a_number_stays_so()
    {
        byte[] bytes = new byte[2];
        Narrowing.Convert<float>([float.NaN], StoredType.BF16, bytes);
        Assert.True(float.IsNaN(BitConverter.UInt32BitsToSingle((uint)MemoryMarshal.Read<ushort>(bytes) << 16)));
    }

    [Fact]
    public void Lengths_and_types_that_do_not_fit_are_refused()
    {
        Assert.Throws<ArgumentException>(() => Narrowing.Convert<float>(new float[2], StoredType.F16, new byte[5]));
        Assert.Throws<ArgumentException>(() => Narrowing.Convert<float>(new float[31], StoredType.Q8_0, new byte[34]));
        Assert.Throws<ArgumentException>(() => Narrowing.Convert<float>(new float[2], StoredType.I32, new byte[8]));
    }

    private static void AssertBits(StoredType type, double number, int bits)
    {
        byte[] bytes = new byte[4];
        Narrowing.Convert<double>([number], type, bytes.AsSpan(0, 2));
        Narrowing.Convert<float>([(float)number], type, bytes.AsSpan(2, 2));
        Assert.Equal([(ushort)bits, (ushort)bits], MemoryMarshal.Cast<byte, ushort>(bytes));
    }
}
