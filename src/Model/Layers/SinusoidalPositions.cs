using System.Numerics;
using MiniGpt.Tensors;

namespace MiniGpt.Model.Layers;

/// <summary>
/// Positions as waves (Vaswani et al. 2017, section 3.5): entry (t, 2i) is sin(t / 10000^(2i/C)), entry (t, 2i + 1) the cosine of the same.
/// </summary>
public static class SinusoidalPositions
{
    /// <summary>Fills a table.</summary>
    /// <param name="table">[T, C].</param>
    /// <param name="sinesFirst">Whether all sines come first and then all cosines (Marian), instead of one beside the other.</param>
    /// <param name="size">What the waves are multiplied by.</param>
    public static void Fill<T>(Tensor<T> table, bool sinesFirst = false, double size = 1)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int width = table.Shape[1];
        Span<T> elements = table.Span;
        for (int i = 0; i < elements.Length; i++)
        {
            (int position, int column) = Math.DivRem(i, width);
            int half = width / 2, pair = sinesFirst ? column % half : column / 2;
            bool isSine = sinesFirst ? column < half : column % 2 == 0;
            double angle = position / Math.Pow(10000, 2 * pair / (double)width);
            elements[i] = T.CreateChecked(size * (isSine ? Math.Sin(angle) : Math.Cos(angle)));
        }
    }
}
