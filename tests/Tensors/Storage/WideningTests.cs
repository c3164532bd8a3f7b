using System.Numerics;
using System.Runtime.InteropServices;
using MiniGpt.Tensors.Memory;
using MiniGpt.Tensors.Storage;
using Xunit;

namespace MiniGpt.Tests.Tensors.Storage;

public sealed class WideningTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData(1, 7)]
    [InlineData(32, 64)]
    [InlineData(45, 3)]
    [InlineData(300, 701)]
    public void Every_stored_type_is_read_in_order_and_transposed(int rows, int columns)
    {
        // Multiples of 1/8 under 16 are exact in every type.
        double[] numbers = [.. Enumerable.Range(0, rows * columns).Select(i => (i % 255 - 127) / 8.0)];
        AssertBoth(StoredType.F64, Bytes(numbers));
        AssertBoth(StoredType.F32, Bytes(Array.ConvertAll(numbers, number => (float)number)));
        AssertBoth(StoredType.F16, Bytes(Array.ConvertAll(numbers, number => (Half)number)));
        AssertBoth(StoredType.BF16, Bytes(Array.ConvertAll(numbers, number => (ushort)(BitConverter.SingleToUInt32Bits((float)number) >> 16))));

        void AssertBoth(StoredType type, byte[] bytes)
        {
            using MappedFile file = MappedFile.Open(_folder.Write($"{type}", [1, 2, 3, .. bytes])); // from an odd place
            AssertRead<float>(file, type, bytes);
            AssertRead<double>(file, type, bytes);
        }

        void AssertRead<T>(MappedFile file, StoredType type, byte[] stored) where T : unmanaged, IBinaryFloatingPointIeee754<T>
        {
            T[] read = new T[numbers.Length];
            Widening.Read<T>(file, 3, type, read);
            Assert.Equal(Array.ConvertAll(numbers, T.CreateChecked), read);
            Array.Clear(read);
            Widening.Convert<T>(stored, type, read);
            Assert.Equal(Array.ConvertAll(numbers, T.CreateChecked), read);
            Assert.Throws<ArgumentException>(() => Widening.Convert<T>(stored.AsSpan(1), type, read));
            Widening.ReadTransposed<T>(file, 3, type, read, rows);
            for (int i = 0; i < read.Length; i++)
            {
                // Stored as [columns, rows].
                Assert.Equal(T.CreateChecked(numbers[i % columns * rows + i / columns]), read[i]);
            }
        }
    }

    [Fact]
    public void Q8_0_is_read_in_place_and_widened()
    {
        float[] numbers = [.. Enumerable.Range(0, 4096 * 64).Select(i => MathF.Cos(i))];
        byte[] blocks = new byte[numbers.Length / 32 * 34];
        Q8Block.Quantize(numbers, blocks);
        using MappedFile file = MappedFile.Open(_folder.Write("blocks", [0, .. blocks]));
        float[] expected = new float[numbers.Length], read = new float[numbers.Length];
        Q8Block.Dequantize<float>(blocks, expected);
        Widening.Read<float>(file, 1, StoredType.Q8_0, read);
        Assert.Equal(expected, read);
        Q8Matrix matrix = Q8Matrix.In(file, 1, 4096, 64);
        Assert.Equal(blocks.AsSpan(4095 * 68, 68), matrix.Row(4095));
        Assert.Throws<ArgumentException>(() => Q8Matrix.In(file, 2, 4096, 64));
        Assert.Throws<ArgumentException>(() => Widening.ReadTransposed<float>(file, 1, StoredType.Q8_0, read, 64));
    }

    [Fact]
    public void What_is_not_in_the_file_or_no_number_is_refused()
    {
        using MappedFile file = MappedFile.Open(_folder.Write("file", new byte[16]));
        float[] room = new float[4];
        Widening.Read<float>(file, 0, StoredType.F32, room);
        Assert.Throws<ArgumentException>(() => Widening.Read<float>(file, 1, StoredType.F32, room));
        Assert.Throws<ArgumentException>(() => Widening.Read<float>(file, -1, StoredType.F32, room));
        Assert.Throws<ArgumentException>(() => Widening.Read<float>(file, 0, StoredType.I32, room));
        Assert.Throws<ArgumentException>(() => file.Bytes(0, 17));
        file.Dispose();
        Assert.Throws<ObjectDisposedException>(() => file.Bytes(0, 1).Length);
    }

    [Fact]
    public void An_empty_file_is_mapped_as_no_bytes()
    {
        using MappedFile file = MappedFile.Open(_folder.Write("empty", ""));
        Assert.Equal(0, file.Length);
        Assert.Equal(0, file.Bytes(0, 0).Length);
    }

    public void Dispose() => _folder.Dispose();

    private static byte[] Bytes<T>(T[] numbers) where T : unmanaged => MemoryMarshal.AsBytes(numbers.AsSpan()).ToArray();
}
