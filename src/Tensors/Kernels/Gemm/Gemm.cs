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
        Run<T, IdentityFunction<T>>("MatMul", a, b, default, c, default, accumulate, default);

    /// <summary>Y = X·Wᵀ + bias.</summary>
    /// <param name="x">[..., In].</param>
    /// <param name="weight">[Out, In].</param>
    /// <param name="bias">[Out], or empty for none.</param>
    /// <param name="y">[..., Out].</param>
    /// <exception cref="ShapeException">The shapes do not go together.</exception>
    public static void Linear<T>(Tensor<T> x, Tensor<T> weight, Tensor<T> bias, Tensor<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        Run<T, IdentityFunction<T>>("Linear", x, weight.Transpose(0, 1), bias, y, default, accumulate: false, default);

    /// <summary>
    /// Y = f(Z) with Z = X·Wᵀ + bias, and f'(Z), by which the backward pass multiplies. f is applied while a block of Z is still in the
    /// cache; Z itself is not kept.
    /// </summary>
    /// <param name="x">[..., In].</param>
    /// <param name="weight">[Out, In].</param>
    /// <param name="bias">[Out], or empty for none.</param>
    /// <param name="slope">f'(Z), [..., Out]; may be Y itself where nobody needs it, and is not computed then.</param>
    /// <param name="y">Y, [..., Out].</param>
    /// <exception cref="ShapeException">The shapes do not go together.</exception>
    public static void Linear<T, TFunction>(Tensor<T> x, Tensor<T> weight, Tensor<T> bias, Tensor<T> slope, Tensor<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TFunction : struct, IActivation<T> =>
        Run<T, TFunction>("Linear", x, weight.Transpose(0, 1), bias, slope, y, accumulate: false, default);

    /// <summary>
    /// dW = dYᵀ·X and db = the sum of dY's rows: the gradients of a linear map's parameters, in one pass over dY. Each is added to its tensor
    /// or written over it.
    /// </summary>
    /// <param name="dy">[R, Out], contiguous.</param>
    /// <param name="x">[R, In].</param>
    /// <param name="dweight">[Out, In], or empty if nobody wants it.</param>
    /// <param name="accumulateWeight">Whether dW is added to.</param>
    /// <param name="dbias">[Out], contiguous.</param>
    /// <param name="accumulateBias">Whether db is added to.</param>
    /// <exception cref="ShapeException">The shapes do not go together.</exception>
    /// <exception cref="InvalidOperationException">A tensor that has to be contiguous is not.</exception>
    public static unsafe void LinearGradients<T>(
        Tensor<T> dy, Tensor<T> x, Tensor<T> dweight, bool accumulateWeight, Tensor<T> dbias, bool accumulateBias)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (dy.Rank != 2 || dbias.Shape != [dy.Shape[-1]])
            throw new ShapeException("LinearGradients", dy.Shape, dbias.Shape, "[R, Out] goes with a bias [Out]");

        dy.RequireContiguous();
        var sums = new RowSums<T>(dbias.RequireContiguous(), accumulateBias);
        if (dweight.IsEmpty || dweight.Count == 0)
        {
            sums.AddAll(dy.Transpose(0, 1)); // there is no product to sum beside
            return;
        }

        Run<T, IdentityFunction<T>>(
            "LinearGradients", dy.Transpose(0, 1), x, default, dweight, default, accumulateWeight, sums);
    }

    private static void Run<T, TFunction>(
        string operation, Tensor<T> a, Tensor<T> b, Tensor<T> bias, Tensor<T> c, Tensor<T> activated, bool accumulate, RowSums<T> sums)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TFunction : struct, IActivation<T>
    {
        if (a.Rank < 1 || b.Rank < 2 || a.Shape[-1] != b.Shape[-2])
            throw new ShapeException(operation, a.Shape, b.Shape, "the columns of the first must be the rows of the second");

        if (!activated.IsEmpty && activated.Shape != c.Shape)
            throw new ShapeException(operation, c.Shape, activated.Shape, "output and slope must have one shape");

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
            throw new ShapeException(operation, bias.Shape, c.Shape, "the bias must have one element a column");

        if (c.Count == 0)
            return;

        if (a.Rank > 2 || b.Rank > 2 || c.Rank > 2)
        {
            Shape outer = c.Shape.Without(-1).Without(-1);
            a = a.BroadcastTo(outer.Append(a.Shape[-2]).Append(a.Shape[-1]));
            b = b.BroadcastTo(outer.Append(b.Shape[-2]).Append(b.Shape[-1]));
        }

        if (!accumulate && sums.IsEmpty && GemmProduct<T, TFunction>.IsBetterTurned(b, c))
        {
            activated = activated.IsEmpty ? activated : activated.Transpose(0, 1);
            Multiply<T, TFunction>(b.Transpose(0, 1), a.Transpose(0, 1), bias, c.Transpose(0, 1), activated, accumulate, sums);
            return;
        }

        if (c.Rank > 2 || c.Shape[-2] == 1 || b.Count <= GemmPacking<T>.MostElements)
        {
            Multiply<T, TFunction>(a, b, bias, c, activated, accumulate, sums);
            return;
        }

        // A larger B in parts, each of which is packed once: the outermost loop in the works named above.
        int columns = c.Shape[-1], part = GemmPacking<T>.ColumnsOfPart(b.Shape[-2]);
        for (int column = 0; column < columns; column += part)
        {
            int width = Math.Min(part, columns - column);
            Multiply<T, TFunction>(
                a, b.Slice(-1, column, width), bias.IsEmpty ? bias : bias.Slice(-1, column, width), c.Slice(-1, column, width),
                activated.IsEmpty ? activated : activated.Slice(-1, column, width), accumulate,
                column == 0 ? sums : default);
        }
    }

    private static unsafe void Multiply<T, TFunction>(
        in Tensor<T> a, in Tensor<T> b, in Tensor<T> bias, in Tensor<T> c, in Tensor<T> activated, bool accumulate,
        RowSums<T> sums)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TFunction : struct, IActivation<T>
    {
        var partition = new GemmPartition(c.Shape[-2], c.Shape[-1], a.Shape[-1], sizeof(T));
        var product = new GemmProduct<T, TFunction>(a, b, bias, c, activated, accumulate, sums, partition);
        Workers.Run<T, GemmProduct<T, TFunction>>(ref product, product.Items, grain: 1);
    }

    private static bool HasColumnsSideBySide<T>(Tensor<T> tensor)
        where T : unmanaged => tensor.Shape[-1] <= 1 || tensor.Stride(-1) == 1;
}
