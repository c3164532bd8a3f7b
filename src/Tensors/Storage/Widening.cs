using System.Numerics;
using System.Runtime.CompilerServices;
using MiniGpt.Tensors.Memory;
using MiniGpt.Tensors.Simd;
using MiniGpt.Tensors.Threading;

namespace MiniGpt.Tensors.Storage;

/// <summary>Reads numbers as they are stored, most often in a file that is mapped into memory, each rounded to the precision that is asked for, on all threads.</summary>
public static unsafe class Widening
{
    private const int Square = 32; // as many rows and columns of either precision stay in the nearest cache

    /// <summary>Reads numbers in their order.</summary>
    /// <param name="file">The file.</param>
    /// <param name="offset">Where in the file they begin, in bytes.</param>
    /// <param name="type">How they are stored: F64, F32, F16, BF16 or Q8_0.</param>
    /// <param name="destination">As many numbers as are to be read; a multiple of 32 of them from Q8_0.</param>
    /// <exception cref="ArgumentException">They are not inside of the file, are no real numbers, or not a whole number of blocks.</exception>
    public static void Read<T>(MappedFile file, long offset, StoredType type, Span<T> destination)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Read(file, offset, type, destination, rows: 1, transposed: false);

    /// <summary>Reads a matrix that is stored as [columns, rows] into one of [rows, columns].</summary>
    /// <param name="file">The file.</param>
    /// <param name="offset">Where in the file it begins, in bytes.</param>
    /// <param name="type">How it is stored: F64, F32, F16 or BF16.</param>
    /// <param name="destination">Its numbers, row after row.</param>
    /// <param name="rows">How many rows the destination has.</param>
    /// <exception cref="ArgumentException">It is not inside of the file or not of real numbers, or is stored in blocks.</exception>
    public static void ReadTransposed<T>(MappedFile file, long offset, StoredType type, Span<T> destination, int rows)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Read(file, offset, type, destination, rows, transposed: true);

    /// <summary>Reads stored numbers that are in memory: the way back from <see cref="Narrowing.Convert{T}"/>.</summary>
    /// <param name="bytes">The stored numbers, to the byte.</param>
    /// <param name="type">How they are stored: F64, F32, F16, BF16 or Q8_0.</param>
    /// <param name="destination">As many numbers; a multiple of 32 of them from Q8_0.</param>
    /// <exception cref="ArgumentException">The lengths do not go together, or the type is for indices or flags.</exception>
    public static void Convert<T>(ReadOnlySpan<byte> bytes, StoredType type, Span<T> destination)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (!type.IsReal() || destination.Length % type.BlockSize() != 0 || bytes.Length != (long)destination.Length / type.BlockSize() * type.BlockBytes())
            throw new ArgumentException($"{destination.Length} numbers cannot be read from {type} in {bytes.Length} bytes");
        fixed (byte* source = bytes)
            Run(source, type, destination, rows: 1, transposed: false);
    }

    private static void Read<T>(MappedFile file, long offset, StoredType type, Span<T> destination, int rows, bool transposed)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (destination.IsEmpty)
            return;

        int block = type.BlockSize();
        if (!type.IsReal() || destination.Length % block != 0 || destination.Length % rows != 0 || (transposed && block > 1))
            throw new ArgumentException($"{destination.Length} numbers in {rows} rows cannot be read from {type}");

        file.CheckRange(offset, (long)destination.Length / block * type.BlockBytes());
        Run(file.Pointer + offset, type, destination, rows, transposed);
        GC.KeepAlive(file);
    }

    private static void Run<T>(byte* source, StoredType type, Span<T> destination, int rows, bool transposed)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        fixed (T* numbers = destination)
        {
            var job = new Job<T>(source, numbers, rows, destination.Length / rows, transposed);
            switch (type)
            {
                case StoredType.F64: job.Run<double, FromDouble<T>>(); break;
                case StoredType.F32: job.Run<float, FromSingle<T>>(); break;
                case StoredType.F16: job.Run<Half, FromHalf<T>>(); break;
                case StoredType.BF16: job.Run<ushort, FromBFloat16<T>>(); break;
                default: job.RunBlocks(); break;
            }
        }
    }

    /// <summary>How a stored number becomes one of T.</summary>
    private interface IWidening<TStored, T>
    {
        static abstract T Widen(TStored stored);
    }

    private readonly struct FromDouble<T> : IWidening<double, T>
        where T : INumberBase<T>
    {
        public static T Widen(double stored) => T.CreateTruncating(stored);
    }

    private readonly struct FromSingle<T> : IWidening<float, T>
        where T : INumberBase<T>
    {
        public static T Widen(float stored) => T.CreateTruncating(stored);
    }

    private readonly struct FromHalf<T> : IWidening<Half, T>
        where T : INumberBase<T>
    {
        public static T Widen(Half stored) => T.CreateTruncating(stored);
    }

    private readonly struct FromBFloat16<T> : IWidening<ushort, T>
        where T : INumberBase<T>
    {
        public static T Widen(ushort stored) => T.CreateTruncating(BitConverter.UInt32BitsToSingle((uint)stored << 16));
    }

    private readonly struct Job<T>(byte* source, T* destination, int rows, int columns, bool transposed)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public void Run<TStored, TWidening>()
            where TStored : unmanaged
            where TWidening : struct, IWidening<TStored, T>
        {
            if (transposed)
            {
                var bands = new BandKernel<TStored, T, TWidening>
                {
                    Source = source,
                    Destination = destination,
                    Rows = rows,
                    Columns = columns,
                };
                Workers.Run<T, BandKernel<TStored, T, TWidening>>(ref bands, (rows + Square - 1) / Square, 1);
            }
            else
            {
                var kernel = new OrderedKernel<TStored, T, TWidening> { Source = source, Destination = destination };
                Workers.Run<T, OrderedKernel<TStored, T, TWidening>>(ref kernel, rows * columns, Grain);
            }
        }

        public void RunBlocks()
        {
            var kernel = new BlockKernel<T> { Source = source, Destination = destination };
            Workers.Run<T, BlockKernel<T>>(ref kernel, rows * columns / Q8Block.Size, Grain / Q8Block.Size);
        }

        // A quarter of a megabyte of floats: enough to pay for the pages that are touched for the first time.
        private static int Grain => 1 << 16;
    }

    private struct OrderedKernel<TStored, T, TWidening> : IRangeKernel<T>
        where TStored : unmanaged
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TWidening : struct, IWidening<TStored, T>
    {
        public byte* Source;
        public T* Destination;

        public readonly void Run<V>(int start, int end)
            where V : unmanaged, ISimd<V, T>
        {
            byte* source = Source + (long)start * sizeof(TStored);
            if (typeof(TStored) == typeof(T))
            {
                Unsafe.CopyBlockUnaligned(Destination + start, source, (uint)(end - start) * (uint)sizeof(T));
                return;
            }

            for (int i = start; i < end; i++, source += sizeof(TStored))
                Destination[i] = TWidening.Widen(Unsafe.ReadUnaligned<TStored>(source));
        }
    }

    /// <summary>A band of rows of the destination, in squares.</summary>
    private struct BandKernel<TStored, T, TWidening> : IRangeKernel<T>
        where TStored : unmanaged
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TWidening : struct, IWidening<TStored, T>
    {
        public byte* Source;
        public T* Destination;
        public int Rows, Columns;

        public readonly void Run<V>(int start, int end)
            where V : unmanaged, ISimd<V, T>
        {
            int top = start * Square, bottom = Math.Min(Rows, end * Square);
            for (; top < bottom; top += Square)
            {
                for (int left = 0; left < Columns; left += Square)
                    Transpose(top, Math.Min(top + Square, bottom), left, Math.Min(left + Square, Columns));
            }
        }

        private readonly void Transpose(int top, int bottom, int left, int right)
        {
            for (int row = top; row < bottom; row++)
            {
                T* destination = Destination + (long)row * Columns;
                byte* source = Source + ((long)left * Rows + row) * sizeof(TStored);
                for (int column = left; column < right; column++, source += (long)Rows * sizeof(TStored))
                    destination[column] = TWidening.Widen(Unsafe.ReadUnaligned<TStored>(source));
            }
        }
    }

    private struct BlockKernel<T> : IRangeKernel<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public byte* Source;
        public T* Destination;

        public readonly void Run<V>(int start, int end)
            where V : unmanaged, ISimd<V, T> => Q8Block.Dequantize(
                new ReadOnlySpan<byte>(Source + (long)start * Q8Block.Bytes, (end - start) * Q8Block.Bytes),
                new Span<T>(Destination + (long)start * Q8Block.Size, (end - start) * Q8Block.Size));
    }
}
