using System.Numerics;
using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;

namespace MiniGpt.Model.Layers;

/// <summary>
/// Rotary positions (Su et al. 2021): pairs of a head's numbers, the first half with the second, are turned by angles that grow with the
/// position, so that the product of a query and a key depends on how far they are apart. All blocks of a model share one table of angles.
/// </summary>
/// <param name="headSize">D: even.</param>
/// <param name="config">The base of the wavelengths, and their scaling.</param>
public sealed class RotaryPositions<T>(int headSize, PositionConfig config)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int LeastPositions = 64;

    // Replaced as a whole when it grows, so that threads that read an older one may go on.
    private Tables _tables = new(default, default, 0);

    /// <summary>The angle, in radians, by which each pair of numbers turns from one position to the next: D / 2 of them.</summary>
    public double[] Frequencies { get; } = config.RotaryScaling is { } scaling
        ? scaling.Apply(RotaryFrequencies.Plain(headSize, config.RotaryBase))
        : RotaryFrequencies.Plain(headSize, config.RotaryBase);

    /// <summary>Turns the heads of queries or keys.</summary>
    /// <param name="x">[B, H, T, D].</param>
    /// <param name="first">The position of the first of the T.</param>
    /// <param name="positions">[B, T]: the positions, where texts stand at different ones; otherwise empty.</param>
    public Variable<T> Forward(Variable<T> x, int first, Tensor<int> positions = default)
    {
        int length = x.Shape[2];
        if (!positions.IsEmpty)
        {
            int end = 1;
            foreach (int position in positions.Span)
                end = Math.Max(end, position + 1);
            Tables all = TablesUpTo(end);
            return x.RotaryEmbedding(all.Cosines, all.Sines, positions);
        }

        Tables tables = TablesUpTo(first + length);
        return x.RotaryEmbedding(tables.Cosines.Slice(0, first, length), tables.Sines.Slice(0, first, length));
    }

    private Tables TablesUpTo(int end)
    {
        Tables tables = Volatile.Read(ref _tables);
        if (end > tables.Positions)
        {
            tables = Tables.Of(Math.Max(LeastPositions, (int)BitOperations.RoundUpToPowerOf2((uint)end)), Frequencies);
            Volatile.Write(ref _tables, tables);
        }

        return tables;
    }

    private sealed record Tables(Tensor<T> Cosines, Tensor<T> Sines, int Positions)
    {
        public static Tables Of(int positions, double[] frequencies)
        {
            (Tensor<T> cosines, Tensor<T> sines) = RotaryEmbedding.Tables<T>(positions, frequencies);
            return new(cosines, sines, positions);
        }
    }
}
