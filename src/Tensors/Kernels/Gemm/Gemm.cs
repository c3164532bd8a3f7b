using System.Numerics;
using MiniGpt.Tensors.Threading;

namespace MiniGpt.Tensors.Kernels;

/// <summary>
/// Matrix products: C = A·B, C += A·B, with a bias and an activation on the way out. A transpose is a view
/// (<see cref="Tensor{T}.Transpose"/>): Y = X·Wᵀ, dX = dY·W and dW = dYᵀ·X are the same kernel.
/// </summary>
/// <remarks>
/// The structure is that of Goto and van de Geijn, "Anatomy of High-Performance Matrix Multiplication" (2008), and of BLIS: loops over
/// blocks round one microkernel. B is packed into panels; A is read where it lies if its rows run along memory, and packed otherwise.
/// </remarks>
public static class Gemm
{
    /// <summary>C = A·B, or C += A·B.</summary>
    /// <param name="a">[..., M, K], any strides; outer axes are broadcast to those of <paramref name="c"/>.</param>
    /// <param name="b">[..., K, N], any strides; outer axes are broadcast to those of <paramref name="c"/>.</param>
    /// <param name="c">[..., M, N]; columns lie side by side in memory.</param>
    /// <param name="accumulate">Whether to add to C; otherwise C is overwritten without being read.</param>
    /// <exception cref="ShapeException">The shapes do not go together.</exception>
    public static void Multiply<T>(Tensor<T> a, Tensor<T> b, Tensor<T> c, bool accumulate = false)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        Run<T, IdentityFunction<T>>("MatMul", a, b, default, c, default, accumulate);

    /// <summary>Y = X·Wᵀ + bias.</summary>
    /// <param name="x">[..., In].</param>
    /// <param name="weight">[Out, In].</param>
    /// <param name="bias">[Out], or empty for none.</param>
    /// <param name="y">[..., Out].</param>
    /// <exception cref="ShapeException">The shapes do not go together.</exception>
    public static void Linear<T>(Tensor<T> x, Tensor<T> weight, Tensor<T> bias, Tensor<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        Run<T, IdentityFunction<T>>("Linear", x, weight.Transpose(0, 1), bias, y, default, accumulate: false);

    /// <summary>Z = X·Wᵀ + bias and Y = f(Z), where f is applied while a block of Z is still in the cache.</summary>
    /// <param name="x">[..., In].</param>
    /// <param name="weight">[Out, In].</param>
    /// <param name="bias">[Out], or empty for none.</param>
    /// <param name="preActivation">Z, [..., Out].</param>
    /// <param name="y">Y, [..., Out]; may be Z itself where nobody needs Z.</param>
    /// <exception cref="ShapeException">The shapes do not go together.</exception>
    public static void Linear<T, TFunction>(Tensor<T> x, Tensor<T> weight, Tensor<T> bias, Tensor<T> preActivation, Tensor<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TFunction : struct, IUnaryFunction<T> =>
        Run<T, TFunction>("Linear", x, weight.Transpose(0, 1), bias, preActivation, y, accumulate: false);

    private static void Run<T, TFunction>(
        string operation, Tensor<T> a, Tensor<T> b, Tensor<T> bias, Tensor<T> c, Tensor<T> activated, bool accumulate)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TFunction : struct, IUnaryFunction<T>
    {
        if (a.Rank < 1 || b.Rank < 2 || a.Shape[-1] != b.Shape[-2])
        {
            throw new ShapeException(operation, a.Shape, b.Shape, "the columns of the first must be the rows of the second");
        }

        if (!activated.IsEmpty && activated.Shape != c.Shape)
        {
            throw new ShapeException(operation, c.Shape, activated.Shape, "pre-activation and output must have one shape");
        }

        if (a.Rank > 2 && b.Rank == 2 && c.Rank == a.Rank && c.Shape.With(-1, 0) == a.Shape.With(-1, 0)
            && a.IsContiguous && c.IsContiguous && (activated.IsEmpty || activated.IsContiguous))
        {
            // One matrix B for all of [..., K]: a single product of as many rows.
            int rows = checked((int)a.Shape.Without(-1).Count);
            a = a.Reshape([rows, a.Shape[-1]]);
            c = c.Reshape([rows, c.Shape[-1]]);
            activated = activated.IsEmpty ? activated : activated.Reshape(c.Shape);
        }

        if (a.Rank < 2 || c.Rank < 2 || c.Shape[-1] != b.Shape[-1] || c.Shape[-2] != a.Shape[-2]
            || !HasColumnsSideBySide(c) || !(activated.IsEmpty || HasColumnsSideBySide(activated)))
        {
            throw new ShapeException(
                operation, a.Shape.With(-1, b.Shape[-1]), c.Shape,
                "the destination must have the product's sizes, its columns side by side");
        }

        if (!bias.IsEmpty && bias.Shape != [c.Shape[-1]])
        {
            throw new ShapeException(operation, bias.Shape, c.Shape, "the bias must have one element a column");
        }

        if (c.Count == 0)
        {
            return;
        }

        if (a.Rank > 2 || b.Rank > 2 || c.Rank > 2)
        {
            Shape outer = c.Shape.Without(-1).Without(-1);
            a = a.BroadcastTo(outer.Append(a.Shape[-2]).Append(a.Shape[-1]));
            b = b.BroadcastTo(outer.Append(b.Shape[-2]).Append(b.Shape[-1]));
        }

        if (!accumulate && GemmProduct<T, TFunction>.IsBetterTurned(b, c))
        {
            activated = activated.IsEmpty ? activated : activated.Transpose(0, 1);
            Multiply<T, TFunction>(b.Transpose(0, 1), a.Transpose(0, 1), bias, c.Transpose(0, 1), activated, accumulate);
            return;
        }

        if (c.Rank > 2 || c.Shape[-2] == 1 || b.Count <= GemmPacking<T>.MostElements)
        {
            Multiply<T, TFunction>(a, b, bias, c, activated, accumulate);
            return;
        }

        // A larger B in parts, each of which is packed once: the outermost loop in the works named above.
        int columns = c.Shape[-1], part = GemmPacking<T>.ColumnsOfPart(b.Shape[-2]);
        for (int column = 0; column < columns; column += part)
        {
            int width = Math.Min(part, columns - column);
            Multiply<T, TFunction>(
                a, b.Slice(-1, column, width), bias.IsEmpty ? bias : bias.Slice(-1, column, width), c.Slice(-1, column, width),
                activated.IsEmpty ? activated : activated.Slice(-1, column, width), accumulate);
        }
    }

    private static void Multiply<T, TFunction>(
        in Tensor<T> a, in Tensor<T> b, in Tensor<T> bias, in Tensor<T> c, in Tensor<T> activated, bool accumulate)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TFunction : struct, IUnaryFunction<T>
    {
        var partition = new GemmPartition(c.Shape[-2], c.Shape[-1], a.Shape[-1]);
        var product = new GemmProduct<T, TFunction>(a, b, bias, c, activated, accumulate, partition);
        Workers.Run<T, GemmProduct<T, TFunction>>(ref product, product.Items, grain: 1);
    }

    private static bool HasColumnsSideBySide<T>(Tensor<T> tensor)
        where T : unmanaged => tensor.Shape[-1] <= 1 || tensor.Stride(-1) == 1;
}
