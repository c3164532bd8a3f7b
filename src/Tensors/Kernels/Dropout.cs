using System.Numerics;
using MiniGpt.Tensors.Simd;
using MiniGpt.Tensors.Threading;

namespace MiniGpt.Tensors.Kernels;

/// <summary>Dropout (Srivastava et al. 2014): sets elements to zero at random and scales the others up, so that means stay.</summary>
public static class Dropout
{
    /// <summary>
    /// y_i = x_i / (1 - probability) where the stream's 32 bits at i are at least probability · 2³², else 0; added to y or written over it.
    /// The backward pass is the same call on the gradients with the same stream: no mask is kept.
    /// </summary>
    /// <param name="x">The input, or the output's gradient.</param>
    /// <param name="y">The output, or the input's gradient; may be x.</param>
    /// <param name="stream">Where the random bits come from; element i in memory takes those at index i.</param>
    /// <param name="probability">How likely an element is dropped, inside [0, 1).</param>
    /// <param name="accumulate">Whether y is added to.</param>
    /// <exception cref="ShapeException">The shapes differ.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The probability is outside of [0, 1).</exception>
    /// <exception cref="InvalidOperationException">A tensor is not contiguous.</exception>
    public static void Apply<T>(Tensor<T> x, Tensor<T> y, RandomStream stream, double probability, bool accumulate)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (!(probability >= 0 && probability < 1))
            throw new ArgumentOutOfRangeException(nameof(probability), $"Dropout: the probability {probability} is outside of [0, 1).");

        Check.Dense("Dropout", x.Shape, x);
        Check.Dense("Dropout", x.Shape, y);
        var kernel = new Kernel<T>
        {
            X = x,
            Y = y,
            Stream = stream,
            Accumulate = accumulate,
            Threshold = (uint)Math.Min(uint.MaxValue, Math.Round(probability * 4294967296.0)),
            Factor = T.CreateTruncating(1 / (1 - probability)),
        };
        Workers.Run<T, Kernel<T>>(ref kernel, Chunks.Covering(x.Count), 1);
    }

    private unsafe struct Kernel<T> : IRangeKernel<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        private const int Piece = 256;

        public Tensor<T> X, Y;
        public RandomStream Stream;
        public uint Threshold;
        public T Factor;
        public bool Accumulate;

        public void Run<V>(int start, int end)
            where V : unmanaged, ISimd<V, T>
        {
            uint* bits = stackalloc uint[Piece];
            V factor = V.Broadcast(Factor);
            (long first, int count) = Chunks.Range(start, end, X.Count);
            for (int from = 0; from < count; from += Piece)
            {
                int length = Math.Min(Piece, count - from);
                Stream.FillBits(new Span<uint>(bits, length), (ulong)(first + from));
                T* x = X.Pointer + first + from, y = Y.Pointer + first + from;
                for (int i = 0; i < length; i += V.Count)
                {
                    int width = Math.Min(V.Count, length - i);
                    V result = V.Load(x + i, width) * V.KeepWhereAtLeast(bits + i, Threshold, factor);
                    (Accumulate ? V.Load(y + i, width) + result : result).Store(y + i, width);
                }
            }
        }
    }
}
