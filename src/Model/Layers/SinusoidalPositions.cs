using System.Numerics;
using MiniGpt.Tensors;

namespace MiniGpt.Model.Layers;

/// <summary>
/// Positions as waves (Vaswani et al. 2017, section 3.5): entry (t, 2i) is sin(t / 10000^(2i/C)), entry (t, 2i + 1) the cosine of the same.
/// </summary>
public static class SinusoidalPositions
{
    /// <summary>Fills a table [T, C].</summary>
    public static void Fill<T>(Tensor<T> table)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int width = table.Shape[1];
        Span<T> elements = table.Span;
        for (int i = 0; i < elements.Length; i++)
        {
            (int position, int column) = Math.DivRem(i, width);
            double angle = position / Math.Pow(10000, (column & ~1) / (double)width);
            elements[i] = T.CreateChecked((column & 1) == 0 ? Math.Sin(angle) : Math.Cos(angle));
        }
    }
}
