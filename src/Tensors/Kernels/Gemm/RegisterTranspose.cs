using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace MiniGpt.Tensors.Kernels;

/// <summary>Turns small blocks in registers: rows that run along memory become columns.</summary>
internal static unsafe class RegisterTranspose
{
    /// <summary>Rows and columns come in multiples of this: 4 floats or 2 doubles.</summary>
    public static int Size<T>()
        where T : unmanaged => Vector128<T>.Count;

    /// <summary>Writes element (row, column) of a matrix of any size to (column, row) of another: what is left of whole blocks one by one.</summary>
    /// <param name="from">The first row.</param>
    /// <param name="fromStride">From one row to the next.</param>
    /// <param name="rows">The number of rows.</param>
    /// <param name="columns">The number of columns.</param>
    /// <param name="to">The first column.</param>
    /// <param name="toStride">From one column to the next.</param>
    public static void RunAny<T>(T* from, nint fromStride, int rows, int columns, T* to, nint toStride)
        where T : unmanaged
    {
        int wholeRows = rows / Size<T>() * Size<T>(), wholeColumns = columns / Size<T>() * Size<T>();
        Run(from, fromStride, wholeRows, wholeColumns, to, toStride);
        for (int row = 0; row < rows; row++)
        {
            for (int column = row < wholeRows ? wholeColumns : 0; column < columns; column++)
                to[column * toStride + row] = from[row * fromStride + column];
        }
    }

    /// <summary>Writes element (row, column) of a matrix to (column, row) of another.</summary>
    /// <param name="from">The first row.</param>
    /// <param name="fromStride">From one row to the next.</param>
    /// <param name="rows">A multiple of <see cref="Size"/>.</param>
    /// <param name="columns">A multiple of <see cref="Size"/>.</param>
    /// <param name="to">The first column.</param>
    /// <param name="toStride">From one column to the next.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Run<T>(T* from, nint fromStride, int rows, int columns, T* to, nint toStride)
        where T : unmanaged
    {
        int row = 0;
        if (typeof(T) == typeof(float) && Avx.IsSupported)
        {
            for (; row <= rows - 8; row += 8)
                EightRows((float*)(from + row * fromStride), fromStride, columns, (float*)(to + row), toStride);
        }

        for (; row < rows; row += Size<T>())
        {
            T* source = from + row * fromStride;
            T* destination = to + row;
            for (int column = 0; column < columns; column += Size<T>(), source += Size<T>(), destination += Size<T>() * toStride)
                Block(source, fromStride, destination, toStride);
        }
    }

    /// <summary>Blocks of 4 x 4 in the lower and in the upper halves of four vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void EightRows(float* from, nint fromStride, int columns, float* to, nint toStride)
    {
        float* lower = from;
        float* upper = from + 4 * fromStride;
        for (; columns > 0; columns -= 4, lower += 4, upper += 4, to += 4 * toStride)
        {
            Vector256<float> r0 = Halves(lower, upper), r1 = Halves(lower + fromStride, upper + fromStride);
            Vector256<float> r2 = Halves(lower + 2 * fromStride, upper + 2 * fromStride);
            Vector256<float> r3 = Halves(lower + 3 * fromStride, upper + 3 * fromStride);
            Vector256<double> low01 = Avx.UnpackLow(r0, r1).AsDouble(), high01 = Avx.UnpackHigh(r0, r1).AsDouble();
            Vector256<double> low23 = Avx.UnpackLow(r2, r3).AsDouble(), high23 = Avx.UnpackHigh(r2, r3).AsDouble();
            Avx.UnpackLow(low01, low23).AsSingle().Store(to);
            Avx.UnpackHigh(low01, low23).AsSingle().Store(to + toStride);
            Avx.UnpackLow(high01, high23).AsSingle().Store(to + 2 * toStride);
            Avx.UnpackHigh(high01, high23).AsSingle().Store(to + 3 * toStride);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Halves(float* lower, float* upper) =>
        Avx.InsertVector128(Vector128.Load(lower).ToVector256Unsafe(), Vector128.Load(upper), 1);

    /// <summary>A block of 4 x 4 floats or 2 x 2 doubles.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Block<T>(T* from, nint fromStride, T* to, nint toStride)
        where T : unmanaged
    {
        if (typeof(T) == typeof(float))
        {
            Vector128<float> r0 = Vector128.Load((float*)from), r1 = Vector128.Load((float*)(from + fromStride));
            Vector128<float> r2 = Vector128.Load((float*)(from + 2 * fromStride)), r3 = Vector128.Load((float*)(from + 3 * fromStride));
            Vector128<double> low01 = Low(r0, r1).AsDouble(), high01 = High(r0, r1).AsDouble();
            Vector128<double> low23 = Low(r2, r3).AsDouble(), high23 = High(r2, r3).AsDouble();
            Low(low01, low23).AsSingle().Store((float*)to);
            High(low01, low23).AsSingle().Store((float*)(to + toStride));
            Low(high01, high23).AsSingle().Store((float*)(to + 2 * toStride));
            High(high01, high23).AsSingle().Store((float*)(to + 3 * toStride));
        }
        else
        {
            Vector128<double> r0 = Vector128.Load((double*)from), r1 = Vector128.Load((double*)(from + fromStride));
            Low(r0, r1).Store((double*)to);
            High(r0, r1).Store((double*)(to + toStride));
        }
    }

    // The lower (upper) halves of two vectors, their elements in turn.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Low(Vector128<float> a, Vector128<float> b) =>
        Sse.IsSupported ? Sse.UnpackLow(a, b)
        : AdvSimd.Arm64.IsSupported ? AdvSimd.Arm64.ZipLow(a, b)
        : Vector128.Create(a[0], b[0], a[1], b[1]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> High(Vector128<float> a, Vector128<float> b) =>
        Sse.IsSupported ? Sse.UnpackHigh(a, b)
        : AdvSimd.Arm64.IsSupported ? AdvSimd.Arm64.ZipHigh(a, b)
        : Vector128.Create(a[2], b[2], a[3], b[3]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<double> Low(Vector128<double> a, Vector128<double> b) =>
        Sse2.IsSupported ? Sse2.UnpackLow(a, b)
        : AdvSimd.Arm64.IsSupported ? AdvSimd.Arm64.ZipLow(a, b)
        : Vector128.Create(a[0], b[0]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<double> High(Vector128<double> a, Vector128<double> b) =>
        Sse2.IsSupported ? Sse2.UnpackHigh(a, b)
        : AdvSimd.Arm64.IsSupported ? AdvSimd.Arm64.ZipHigh(a, b)
        : Vector128.Create(a[1], b[1]);
}
