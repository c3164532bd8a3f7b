using System.Numerics;
using MiniGpt.Tensors.Simd;
using MiniGpt.Tensors.Threading;

namespace MiniGpt.Tensors.Kernels;

/// <summary>
/// Rows cut into chunks that each sum up a partial result, for what all rows add to: the gradients of parameters. The cut depends on the
/// shape alone and the partial results are combined in order, so that the sum has the same bits for any number of threads.
/// </summary>
/// <param name="rows">The number of rows.</param>
/// <param name="columns">Elements in a row.</param>
internal readonly struct RowChunks(int rows, int columns)
{
    // More chunks than this would balance no better, and the partial results would take memory and time of their own.
    private const int Most = 64;

    private readonly int _length = Math.Max(Chunks.Rows(columns), (rows + Most - 1) / Most);

    /// <summary>The number of chunks.</summary>
    public int Count => (rows + _length - 1) / _length;

    /// <summary>The number of rows in a chunk, but for the last one.</summary>
    public int Length => _length;

    /// <summary>The first row of a chunk and the one after its last.</summary>
    public (int First, int End) Range(int chunk) => (chunk * _length, Math.Min(rows, (chunk + 1) * _length));

    /// <summary>Adds up the chunks' partial results, which lie <paramref name="stride"/> elements apart; not if the sum is empty.</summary>
    public unsafe void Combine<T>(T* partials, long stride, Tensor<T> sum, bool accumulate)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (!sum.IsEmpty)
        {
            var kernel = new CombineKernel<T> { Partials = partials, Count = Count, Stride = stride, Sum = sum, Accumulate = accumulate };
            Workers.Run<T, CombineKernel<T>>(ref kernel, (int)sum.Count, Chunks.Rows(Count));
        }
    }

    private unsafe struct CombineKernel<T> : IRangeKernel<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public T* Partials;
        public int Count;
        public long Stride;
        public Tensor<T> Sum;
        public bool Accumulate;

        public readonly void Run<V>(int start, int end)
            where V : unmanaged, ISimd<V, T> =>
            Rows.SumColumns<V, T>(Partials + start, Count, Stride, end - start, Sum.Pointer + start, Accumulate);
    }
}
