using System.Numerics;
using System.Runtime.CompilerServices;
using MiniGpt.Tensors.Memory;
using MiniGpt.Tensors.Simd;
using MiniGpt.Tensors.Storage;
using MiniGpt.Tensors.Threading;

namespace MiniGpt.Tensors.Kernels;

/// <summary>
/// Weights laid out to be multiplied: panels of a few dozen rows of W, whose elements of each step lie side by side (see
/// <see cref="PanelTile"/>). A copy: what becomes of the original afterwards does not matter.
/// </summary>
/// <remarks>Weights that are kept in 16 bits give the results that they give in 32, to the last bit: they are widened on their way.</remarks>
public sealed class PanelMatrix<T> : WeightMatrix<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly WeightMemory _panels;
    private readonly StoredType? _kept;

    /// <summary>Copies weights into panels.</summary>
    /// <param name="values">[Out, In], contiguous.</param>
    /// <param name="kept">
    /// <see cref="StoredType.F16"/> or <see cref="StoredType.BF16"/> to keep them in 16 bits, which half the memory has to deliver, if none of
    /// them loses a bit by it; else they are kept as they are.
    /// </param>
    /// <exception cref="ArgumentException">The tensor is no matrix.</exception>
    /// <exception cref="InvalidOperationException">The tensor is not contiguous.</exception>
    public PanelMatrix(Tensor<T> values, StoredType? kept = null)
        : base(values)
    {
        _kept = kept;
        WeightMemory? panels = kept switch
        {
            StoredType.F16 => Pack<ScaledHalves<T>>(values),
            StoredType.BF16 => Pack<UpperHalves<T>>(values),
            _ => null,
        };
        if (panels is null)
            (panels, _kept) = (Pack<WholeNumbers<T>>(values), null);
        _panels = panels!.Value;
    }

    /// <inheritdoc/>
    public override unsafe long Bytes => (long)Outputs * Inputs * (_kept is null ? sizeof(T) : sizeof(ushort));

    private protected override void Run(in Tensor<T> x, in Tensor<T> bias, in Tensor<T> y, int rows, bool accumulate)
    {
        switch (_kept)
        {
            case StoredType.F16: Multiply<ScaledHalves<T>>(x, bias, y, rows, accumulate); break;
            case StoredType.BF16: Multiply<UpperHalves<T>>(x, bias, y, rows, accumulate); break;
            default: Multiply<WholeNumbers<T>>(x, bias, y, rows, accumulate); break;
        }
    }

    private protected override void Read(int row, Span<T> destination)
    {
        switch (_kept)
        {
            case StoredType.F16: Read<ScaledHalves<T>>(row, destination); break;
            case StoredType.BF16: Read<UpperHalves<T>>(row, destination); break;
            default: Read<WholeNumbers<T>>(row, destination); break;
        }
    }

    /// <summary>The panels; null where a number would not be kept as it is.</summary>
    private unsafe WeightMemory? Pack<TNumbers>(in Tensor<T> values)
        where TNumbers : struct, IPanelNumbers<T>
    {
        int panels = (Outputs + PanelTile.Columns<T>() - 1) / PanelTile.Columns<T>();
        WeightMemory memory = new(checked((long)panels * PanelTile.Columns<T>() * Inputs * TNumbers.Bytes));
        int changed = 0;
        var kernel = new PackingKernel<TNumbers>
        {
            Source = new Operand<T>(values.Pointer, Inputs, 1),
            Panels = memory.Pointer,
            Rows = Outputs,
            Depth = Inputs,
            Changed = &changed,
        };
        Workers.Run<T, PackingKernel<TNumbers>>(ref kernel, panels, Chunks.Rows(PanelTile.Columns<T>() * Inputs));
        if (changed == 0)
            return memory;
        memory.Free();
        return null;
    }

    private unsafe void Multiply<TNumbers>(in Tensor<T> x, in Tensor<T> bias, in Tensor<T> y, int rows, bool accumulate)
        where TNumbers : struct, IPanelNumbers<T>
    {
        var kernel = new ProductKernel<TNumbers>
        {
            X = x.RequireContiguous(),
            Panels = _panels.Pointer,
            Bias = bias.IsEmpty ? null : bias.RequireContiguous(),
            Y = y.RequireContiguous(),
            Depth = Inputs,
            Columns = Outputs,
            Accumulate = accumulate,
            Partition = new ProductPartition(rows, Outputs, Inputs, PanelTile.Columns<T>()),
        };
        Workers.Run<T, ProductKernel<TNumbers>>(ref kernel, kernel.Partition.Tasks, grain: 1);
    }

    private unsafe void Read<TNumbers>(int row, Span<T> destination)
        where TNumbers : struct, IPanelNumbers<T>
    {
        (int panel, int lane) = Math.DivRem(row, PanelTile.Columns<T>());
        byte* number = _panels.Pointer + ((long)panel * PanelTile.Columns<T>() * Inputs + lane) * TNumbers.Bytes;
        for (int k = 0; k < destination.Length; k++, number += PanelTile.Columns<T>() * TNumbers.Bytes)
            destination[k] = TNumbers.Read(number);
    }

    private unsafe struct PackingKernel<TNumbers> : IRangeKernel<T>
        where TNumbers : struct, IPanelNumbers<T>
    {
        public Operand<T> Source;
        public byte* Panels;
        public int Rows, Depth;
        public int* Changed;

        public readonly void Run<V>(int start, int end)
            where V : unmanaged, ISimd<V, T>
        {
            int width = PanelTile.Columns<T>(), size = width * Depth;
            if (typeof(TNumbers) == typeof(WholeNumbers<T>))
            {
                Pack<V>(start * width, Math.Min(end * width, Rows), (T*)Panels + (long)start * size);
                return;
            }

            T* panel = Scratch.Get<T>(Scratch.Slot.WidePanel, size);
            for (int i = start; i < end; i++)
            {
                Pack<V>(i * width, Math.Min((i + 1) * width, Rows), panel);
                if (!TryKeep(panel, size, Panels + (long)i * size * TNumbers.Bytes))
                    *Changed = 1;
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static bool TryKeep(T* numbers, int count, byte* kept)
        {
            bool all = true;
            for (int i = 0; i < count; i++, kept += TNumbers.Bytes)
                all &= TNumbers.TryKeep(numbers[i], kept);
            return all;
        }

        private readonly void Pack<V>(int first, int end, T* panels)
            where V : unmanaged, ISimd<V, T> => Packing.Pack<T, V>(Source.From(first, 0), end - first, Depth, PanelTile.Columns<T>(), panels);
    }

    private unsafe struct ProductKernel<TNumbers> : IRangeKernel<T>
        where TNumbers : struct, IPanelNumbers<T>
    {
        public T* X, Bias, Y;
        public byte* Panels;
        public int Depth, Columns;
        public bool Accumulate;
        public ProductPartition Partition;

        public readonly void Run<V>(int start, int end)
            where V : unmanaged, ISimd<V, T>
        {
            int width = PanelTile.Columns<T>();
            for (int task = start; task < end; task++)
            {
                (int row, int rows, int column, int columns) = Partition.Task(task);
                T* y = Y + (long)row * Columns + column;
                for (int k = 0; k < Depth; k += ProductPartition.Depth)
                {
                    int depth = Math.Min(ProductPartition.Depth, Depth - k);
                    T* x = X + (long)row * Depth + k;
                    byte* panel = Panels + ((long)column * Depth + (long)k * width) * TNumbers.Bytes;
                    for (int i = 0; i < columns; i += width, panel += (long)width * Depth * TNumbers.Bytes)
                    {
                        T* bias = k > 0 || Bias is null ? null : Bias + column + i;
                        bool accumulate = k > 0 || Accumulate;
                        if (columns - i >= width)
                            Panel<V>(rows, x, panel, depth, bias, y + i, Columns, accumulate);
                        else
                            LastPanel<V>(rows, x, panel, depth, bias, y + i, columns - i, accumulate);
                    }
                }
            }
        }

        private readonly void Panel<V>(int rows, T* x, byte* panel, int depth, T* bias, T* y, nint yStride, bool accumulate)
            where V : unmanaged, ISimd<V, T>
        {
            if (rows <= PanelTile.MostRows || typeof(TNumbers) == typeof(WholeNumbers<T>))
                PanelTile.Rows<T, V, TNumbers>(rows, x, Depth, panel, depth, bias, y, yStride, accumulate);
            else
                PanelTile.Rows<T, V, WholeNumbers<T>>(rows, x, Depth, (byte*)Wide<V>(panel, depth), depth, bias, y, yStride, accumulate);
        }

        /// <summary>A panel in numbers that are ready to be multiplied: many rows share the work of widening it.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static T* Wide<V>(byte* panel, int depth)
            where V : unmanaged, ISimd<V, T>
        {
            int count = PanelTile.Columns<T>() * depth;
            T* wide = Scratch.Get<T>(Scratch.Slot.WidePanel, count);
            for (int i = 0; i < count; i += V.Count)
                TNumbers.Load<V>(panel + i * TNumbers.Bytes).Store(wide + i);
            return wide;
        }

        /// <summary>A panel that is not full: its products go by way of a buffer that is as wide as it.</summary>
        private readonly void LastPanel<V>(int rows, T* x, byte* panel, int depth, T* bias, T* y, int columns, bool accumulate)
            where V : unmanaged, ISimd<V, T>
        {
            int width = PanelTile.Columns<T>();
            T* tile = Scratch.Get<T>(Scratch.Slot.Tile, (long)rows * width);
            Panel<V>(rows, x, panel, depth, null, tile, width, accumulate: false);
            End(tile, width, y, Columns, rows, columns, bias, accumulate);
        }
    }
}
