using System.Numerics;

namespace MiniGpt.Tensors.Kernels;

/// <summary>
/// A matrix of trained weights as generation needs it: rows are multiplied with it, or looked up in it, and it never changes. How its
/// numbers are kept is its own business.
/// </summary>
/// <remarks>A row has the same result, to the last bit, alone and among others, on one thread and on several.</remarks>
/// <typeparam name="T">The precision of what goes in and comes out.</typeparam>
public abstract class WeightMatrix<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private protected WeightMatrix(int outputs, int inputs) => (Outputs, Inputs) = (outputs, inputs);

    /// <summary>A matrix of the sizes that a tensor [Out, In] has.</summary>
    /// <exception cref="ArgumentException">The tensor is no matrix.</exception>
    /// <exception cref="InvalidOperationException">The tensor is not contiguous.</exception>
    private protected unsafe WeightMatrix(Tensor<T> values)
    {
        if (values.Rank != 2)
            throw new ArgumentException($"WeightMatrix: weights are [Out, In], not {values.Shape}.");

        values.RequireContiguous();
        (Outputs, Inputs) = (values.Shape[0], values.Shape[1]);
    }

    /// <summary>The number of rows.</summary>
    public int Outputs { get; }

    /// <summary>The length of a row.</summary>
    public int Inputs { get; }

    /// <summary>What a product reads, in bytes.</summary>
    public abstract long Bytes { get; }

    /// <summary>y = x·Wᵀ + bias, or y += x·Wᵀ + bias.</summary>
    /// <param name="x">[..., <see cref="Inputs"/>].</param>
    /// <param name="bias">[<see cref="Outputs"/>], or empty for none.</param>
    /// <param name="y">[..., <see cref="Outputs"/>], with as many rows.</param>
    /// <param name="accumulate">Whether to add to y.</param>
    /// <exception cref="ShapeException">The shapes do not go together.</exception>
    /// <exception cref="InvalidOperationException">A tensor is not contiguous.</exception>
    public void Multiply(in Tensor<T> x, in Tensor<T> bias, in Tensor<T> y, bool accumulate = false)
    {
        if (x.Rank < 1 || y.Rank < 1 || x.Shape[-1] != Inputs || y.Shape[-1] != Outputs || Check.RowsOf(x.Shape) != Check.RowsOf(y.Shape))
            throw new ShapeException("WeightMatrix", x.Shape, y.Shape, $"[..., {Inputs}] gives [..., {Outputs}]");

        if (!bias.IsEmpty && (bias.Rank != 1 || bias.Shape[0] != Outputs))
            throw new ShapeException("WeightMatrix", bias.Shape, y.Shape, "the bias must have one element a column");

        Run(x, bias, y, Check.RowsOf(x.Shape), accumulate);
        GC.KeepAlive(this); // kernels know only where the weights lie, and their memory ends with this
    }

    /// <summary>Copies a row, as an embedding does.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such row.</exception>
    /// <exception cref="ArgumentException">The destination is not as long as a row.</exception>
    public void ReadRow(int row, Span<T> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(row);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(row, Outputs);
        if (destination.Length != Inputs)
            throw new ArgumentException($"WeightMatrix: a row has {Inputs} numbers, the destination {destination.Length}.");

        Read(row, destination);
        GC.KeepAlive(this); // as products do
    }

    private protected abstract void Run(in Tensor<T> x, in Tensor<T> bias, in Tensor<T> y, int rows, bool accumulate);

    private protected abstract void Read(int row, Span<T> destination);

    /// <summary>What products are made of that went to a tile as wide as a panel, since the panel was not full.</summary>
    private protected static unsafe void End(
        T* tile, nint tileStride, T* y, nint stride, int rows, int columns, T* bias, bool accumulate)
    {
        for (int row = 0; row < rows; row++, tile += tileStride, y += stride)
        {
            for (int i = 0; i < columns; i++)
            {
                T sum = bias is null ? tile[i] : bias[i] + tile[i];
                y[i] = accumulate ? y[i] + sum : sum;
            }
        }
    }
}
