using System.Numerics;
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
            if (source.RowStride == 1)
                FetchAhead(source, lanes, step + 2 * steps, Math.Min(step + 3 * steps, depth));

            for (int lane = 0; lane < lanes; lane += width)
            {
                int count = Math.Min(width, lanes - lane);
                T* panel = panels + (nint)lane * depth + (nint)step * width;
                if (source.RowStride == 1)
                    PackNeighbours<T, V>(source.Pointer + lane + step * source.ColumnStride, source.ColumnStride, count, lanes - lane, steps, width, panel);
                else
                    PackTransposed(source.From(lane, step), count, steps, width, panel);
            }
        }
    }

    /// <summary>Steps lie in different pages, where the processor does not fetch ahead by itself.</summary>
    private static void FetchAhead<T>(in Operand<T> source, int lanes, int step, int end)
        where T : unmanaged
    {
        for (; step < end; step++)
        {
            byte* line = (byte*)source.From(0, step).Pointer, last = (byte*)source.From(lanes - 1, step).Pointer;
            for (; line <= last; line += Cache.LineBytes)
                Cache.Prefetch(line);
        }
    }

    /// <summary>Lanes that are neighbours in memory, of which <paramref name="readable"/> may be read: each step is a short copy.</summary>
    private static void PackNeighbours<T, V>(T* step, nint stride, int count, int readable, int depth, int width, T* panel)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T>
    {
        // Whole vectors, which may run over into the next step's lanes: those are written after. The last step must not run over.
        int vectors = (width + V.Count - 1) / V.Count, k = 0;
        if (count == width && readable >= vectors * V.Count)
        {
            int quick = vectors * V.Count == width ? depth : depth - 1;
            for (; vectors == 1 && k <= quick - 4; k += 4, step += 4 * stride, panel += 4 * width)
            {
                V step0 = V.Load(step), step1 = V.Load(step + stride), step2 = V.Load(step + 2 * stride), step3 = V.Load(step + 3 * stride);
                step0.Store(panel);
                step1.Store(panel + width);
                step2.Store(panel + 2 * width);
                step3.Store(panel + 3 * width);
            }

            for (; vectors == 1 && k < quick; k++, step += stride, panel += width)
                V.Load(step).Store(panel);

            for (; vectors == 2 && k < quick; k++, step += stride, panel += width)
            {
                V left = V.Load(step), right = V.Load(step + V.Count);
                left.Store(panel);
                right.Store(panel + V.Count);
            }
        }

        for (; k < depth; k++, step += stride, panel += width)
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
        int wholeLanes = source.ColumnStride == 1 ? count / RegisterTranspose.Size<T>() * RegisterTranspose.Size<T>() : 0;
        int wholeSteps = depth / RegisterTranspose.Size<T>() * RegisterTranspose.Size<T>();
        for (int k = 0, steps; k < wholeSteps; k += steps)
        {
            steps = Math.Min(StepsOfLine<T>(), wholeSteps - k);
            RegisterTranspose.Run(source.Pointer + k, source.RowStride, wholeLanes, steps, panel + (nint)k * width, width);
        }

        CopyTransposed(source, 0, wholeLanes, wholeSteps, depth, width, panel);
        CopyTransposed(source, wholeLanes, count, 0, depth, width, panel);
        for (int k = 0; k < depth && count < width; k++)
            new Span<T>(panel + (nint)k * width + count, width - count).Clear();
    }

    private static void CopyTransposed<T>(Operand<T> source, int lane, int lanes, int firstStep, int depth, int width, T* panel)
        where T : unmanaged
    {
        for (; lane < lanes; lane++)
        {
            T* from = source.Pointer + lane * source.RowStride;
            for (int k = firstStep; k < depth; k++)
                panel[(nint)k * width + lane] = from[k * source.ColumnStride];
        }
    }

    private static int StepsOfLine<T>()
        where T : unmanaged => Cache.LineBytes / sizeof(T);
}
