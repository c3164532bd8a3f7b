using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using MiniGpt.Tensors.Simd;

namespace MiniGpt.Tensors.Kernels;

/// <summary>
/// Copies blocks of A and B into panels that the microkernel reads from front to back. A panel holds a fixed number of lanes (rows of A or
/// columns of B) side by side, step after step; lanes beyond the matrix are zero. Transposes cost nothing more: they happen here.
/// </summary>
internal static unsafe class Packing
{
    // Steps that are packed for all panels before going on where lanes are neighbours in memory: a cache line then serves all its panels
    // before as many lines at the same place of their pages, one a step, have pushed it out. Lanes that run along memory are best read in
    // one go.
    private const int StepsAtOnce = 8;

    /// <summary>Packs <paramref name="lanes"/> lanes of <paramref name="depth"/> steps each into panels of <paramref name="width"/> lanes.</summary>
    /// <param name="source">The block; its rows are the lanes, its columns the steps.</param>
    /// <param name="lanes">The number of lanes.</param>
    /// <param name="depth">The number of steps.</param>
    /// <param name="width">Lanes in a panel.</param>
    /// <param name="panels">⌈lanes / width⌉ · width · depth elements.</param>
    public static void Pack<T, V>(Operand<T> source, int lanes, int depth, int width, T* panels)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T>
    {
        int stepsAtOnce = source.RowStride == 1 ? StepsAtOnce : Math.Max(depth, 1);
        for (int step = 0; step < depth; step += stepsAtOnce)
        {
            int steps = Math.Min(stepsAtOnce, depth - step);
            for (int lane = 0; lane < lanes; lane += width)
            {
                int count = Math.Min(width, lanes - lane);
                Operand<T> part = source.From(lane, step);
                T* panel = panels + (nint)lane * depth + (nint)step * width;
                if (part.RowStride == 1)
                {
                    PackNeighbours<T, V>(part, count, lanes - lane, steps, width, panel);
                }
                else
                {
                    PackTransposed(part, count, steps, width, panel);
                }
            }
        }
    }

    /// <summary>Lanes that are neighbours in memory, of which <paramref name="readable"/> may be read: each step is a short copy.</summary>
    private static void PackNeighbours<T, V>(Operand<T> source, int count, int readable, int depth, int width, T* panel)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T>
    {
        // Whole vectors, which may run over into the next step's lanes: those are written after. The last step must not run over.
        T* step = source.Pointer;
        int vectors = (width + V.Count - 1) / V.Count, k = 0;
        if (count == width && readable >= vectors * V.Count)
        {
            int quick = vectors * V.Count == width ? depth : depth - 1;
            for (; vectors == 1 && k < quick; k++, step += source.ColumnStride, panel += width)
            {
                V.Load(step).Store(panel);
            }

            for (; vectors == 2 && k < quick; k++, step += source.ColumnStride, panel += width)
            {
                V left = V.Load(step), right = V.Load(step + V.Count);
                left.Store(panel);
                right.Store(panel + V.Count);
            }
        }

        for (; k < depth; k++, step += source.ColumnStride, panel += width)
        {
            for (int i = 0; i < width; i += V.Count)
            {
                int room = Math.Min(V.Count, width - i);
                int present = Math.Min(room, count - i);
                (present > 0 ? V.Load(step + i, present) : V.Zero).Store(panel + i, room);
            }
        }
    }

    /// <summary>Lanes that run along memory: small blocks are turned in registers.</summary>
    private static void PackTransposed<T>(Operand<T> source, int count, int depth, int width, T* panel)
        where T : unmanaged
    {
        int wholeLanes = source.ColumnStride == 1 ? count / BlockSize<T>() * BlockSize<T>() : 0;
        int wholeSteps = depth / BlockSize<T>() * BlockSize<T>();
        for (int lane = 0; lane < wholeLanes; lane += BlockSize<T>())
        {
            for (int k = 0; k < wholeSteps; k += BlockSize<T>())
            {
                TransposeBlock(source.Pointer + lane * source.RowStride + k, source.RowStride, panel + (nint)k * width + lane, width);
            }
        }

        CopyTransposed(source, 0, wholeLanes, wholeSteps, depth, width, panel);
        CopyTransposed(source, wholeLanes, count, 0, depth, width, panel);
        for (int k = 0; k < depth && count < width; k++)
        {
            new Span<T>(panel + (nint)k * width + count, width - count).Clear();
        }
    }

    private static void CopyTransposed<T>(Operand<T> source, int lane, int lanes, int firstStep, int depth, int width, T* panel)
        where T : unmanaged
    {
        for (; lane < lanes; lane++)
        {
            T* from = source.Pointer + lane * source.RowStride;
            for (int k = firstStep; k < depth; k++)
            {
                panel[(nint)k * width + lane] = from[k * source.ColumnStride];
            }
        }
    }

    private static int BlockSize<T>()
        where T : unmanaged => Vector128<T>.Count;

    /// <summary>Turns a block of 4 x 4 floats or 2 x 2 doubles.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void TransposeBlock<T>(T* from, nint fromStride, T* to, nint toStride)
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
