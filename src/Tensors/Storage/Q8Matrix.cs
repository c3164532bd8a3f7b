using MiniGpt.Tensors.Memory;

namespace MiniGpt.Tensors.Storage;

/// <summary>
/// A matrix [Rows, Columns] in Q8_0, row after row of <see cref="Q8Block"/>s, as GGUF lays it out: in memory of its own, or where it lies
/// in a mapped file, which must not be disposed of before the matrix was used for the last time.
/// </summary>
public sealed unsafe class Q8Matrix : IDisposable
{
    private readonly AlignedMemory? _memory;
    private readonly MappedFile? _file;
    private readonly long _offset;

    private Q8Matrix(AlignedMemory? memory, MappedFile? file, long offset, int rows, int columns)
    {
        _memory = memory;
        _file = file;
        _offset = offset;
        Rows = rows;
        Columns = columns;
    }

    /// <summary>A matrix whose rows are to be filled.</summary>
    /// <exception cref="ArgumentException">A row is no whole number of blocks.</exception>
    public Q8Matrix(int rows, int columns)
        : this(Allocate(rows, columns), null, 0, rows, columns)
    {
    }

    /// <summary>The number of rows.</summary>
    public int Rows { get; }

    /// <summary>The numbers of a row, a multiple of 32.</summary>
    public int Columns { get; }

    /// <summary>The bytes of a row; the next row begins right behind it.</summary>
    public int RowBytes => Columns / Q8Block.Size * Q8Block.Bytes;

    /// <summary>The blocks, row after row. Blocks are not aligned.</summary>
    /// <exception cref="ObjectDisposedException">Their memory is freed, or the file that they lie in is closed.</exception>
    internal byte* Pointer => _memory is not null ? (byte*)_memory.Pointer : _file!.Pointer + _offset;

    /// <summary>Quantises a matrix.</summary>
    /// <param name="matrix">[Rows, Columns].</param>
    /// <exception cref="ArgumentException">The columns are no multiple of 32, or a number is not finite.</exception>
    /// <exception cref="InvalidOperationException">The matrix is a view with gaps.</exception>
    public static Q8Matrix Quantize(Tensor<float> matrix)
    {
        int rows = matrix.Shape[0], columns = matrix.Shape[1];
        var quantized = new Q8Matrix(rows, columns);
        float* numbers = matrix.RequireContiguous();
        for (int row = 0; row < rows; row++)
        {
            Q8Block.Quantize(
                new ReadOnlySpan<float>(numbers + (long)row * columns, columns),
                new Span<byte>(quantized.Pointer + (long)row * quantized.RowBytes, quantized.RowBytes));
        }

        return quantized;
    }

    /// <summary>The blocks that lie in a file.</summary>
    /// <exception cref="ArgumentException">The columns are no multiple of 32, or the blocks are not inside of the file.</exception>
    public static Q8Matrix In(MappedFile file, long offset, int rows, int columns)
    {
        CheckColumns(columns);
        file.CheckRange(offset, (long)rows * (columns / Q8Block.Size) * Q8Block.Bytes);
        return new Q8Matrix(null, file, offset, rows, columns);
    }

    /// <summary>The blocks of one row.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such row.</exception>
    public ReadOnlySpan<byte> Row(int row)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(row);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(row, Rows);
        return new ReadOnlySpan<byte>(Pointer + (long)row * RowBytes, RowBytes);
    }

    /// <summary>One row of a matrix in memory of its own, to be filled with blocks.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such row.</exception>
    /// <exception cref="InvalidOperationException">The matrix lies in a file.</exception>
    public Span<byte> RowToFill(int row)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(row);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(row, Rows);
        return _memory is null
            ? throw new InvalidOperationException("Blocks in a file are read, not written.")
            : new Span<byte>(Pointer + (long)row * RowBytes, RowBytes);
    }

    /// <summary>Frees the matrix's own memory; a file stays open.</summary>
    public void Dispose() => _memory?.Dispose();

    private static AlignedMemory Allocate(int rows, int columns)
    {
        CheckColumns(columns);
        return new AlignedMemory((long)rows * columns / Q8Block.Size * Q8Block.Bytes);
    }

    private static void CheckColumns(int columns)
    {
        if (columns % Q8Block.Size != 0)
            throw new ArgumentException($"{columns} columns cannot be stored as Q8_0, a multiple of {Q8Block.Size} can");
    }
}
