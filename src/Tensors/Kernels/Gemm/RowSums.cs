using System.Numerics;
using MiniGpt.Tensors.Simd;
using MiniGpt.Tensors.Threading;

namespace MiniGpt.Tensors.Kernels;

/// <summary>
/// The sums of the rows of A, wanted beside a product: made of each stretch of A just before that is multiplied, so that it comes from
/// memory once.
/// </summary>
/// <param name="sums">One sum a row, or null for none.</param>
/// <param name="accumulate">Whether they are added to what is there.</param>
internal readonly unsafe struct RowSums<T>(T* sums, bool accumulate)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly T* _sums = sums;
    private readonly bool _accumulate = accumulate;

    /// <summary>Whether nobody wants them.</summary>
    public bool IsEmpty => _sums is null;

    /// <summary>Those from a row on.</summary>
    public RowSums<T> From(int row) => IsEmpty ? default : new RowSums<T>(_sums + row, _accumulate);

    /// <summary>Makes the sums alone, to the bit what they are beside a product.</summary>
    /// <param name="a">[M, K], its rows side by side.</param>
    public void AddAll(in Tensor<T> a)
    {
        var kernel = new Kernel { A = Operand<T>.Matrix(a, 0), Steps = a.Shape[1], Sums = this };
        Workers.Run<T, Kernel>(ref kernel, a.Shape[0], Chunks.Rows(a.Shape[1]));
    }

    /// <summary>Adds steps of rows that lie side by side; the first steps begin the sums.</summary>
    public void Add<V>(Operand<T> a, int rows, int firstStep, int steps)
        where V : unmanaged, ISimd<V, T>
    {
        if (!IsEmpty)
            Rows.SumColumns<V, T>(a.From(0, firstStep).Pointer, steps, a.ColumnStride, rows, _sums, _accumulate || firstStep > 0);
    }

    /// <summary>Adds all steps of rows that lie side by side, in the stretches that a product goes through.</summary>
    public void Add<V>(Operand<T> a, int rows, int steps)
        where V : unmanaged, ISimd<V, T>
    {
        int step = 0;
        do
        {
            Add<V>(a, rows, step, Math.Min(GemmPartition.Depth, steps - step));
            step += GemmPartition.Depth;
        }
        while (step < steps);
    }

    private struct Kernel : IRangeKernel<T>
    {
        public Operand<T> A;
        public int Steps;
        public RowSums<T> Sums;

        public readonly void Run<V>(int start, int end)
            where V : unmanaged, ISimd<V, T> =>
            Sums.From(start).Add<V>(A.From(start, 0), end - start, Steps);
    }
}
