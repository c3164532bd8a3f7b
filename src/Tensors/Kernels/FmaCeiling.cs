using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using MiniGpt.Tensors.Simd;
using MiniGpt.Tensors.Threading;

namespace MiniGpt.Tensors.Kernels;

/// <summary>
/// What this machine's multiply-add units can do: many independent chains of them in registers, with no memory in sight. Every share of
/// the ceiling that is quoted refers to this number, measured in the same process.
/// </summary>
public static class FmaCeiling
{
    private const int Chains = 12;
    private const int Repeats = 100_000;

    /// <summary>Floating-point operations a second, on all worker threads together: the best of a few milliseconds' runs.</summary>
    /// <param name="budget">How long to measure.</param>
    public static double Measure<T>(TimeSpan budget)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int threads = Workers.Count;
        var results = new Tensor<T>([threads]);
        var kernel = new Chain<T>(results);
        double best = 0;
        long start = Stopwatch.GetTimestamp();
        do
        {
            long before = Stopwatch.GetTimestamp();
            Workers.Run<T, Chain<T>>(ref kernel, threads, grain: 1);
            double operations = 2.0 * Chains * Math.Max(1, VectorWidth.Bits / 8 / Unsafe.SizeOf<T>());
            best = Math.Max(best, operations * Repeats * threads / Stopwatch.GetElapsedTime(before).TotalSeconds);
        }
        while (Stopwatch.GetElapsedTime(start) < budget);

        return best;
    }

    private readonly unsafe struct Chain<T>(Tensor<T> results) : IRangeKernel<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        private readonly Tensor<T> _results = results;

        // Not to begin with unoptimised code: in the few milliseconds that are measured it would not be replaced, and the ceiling came out
        // at a half to a quarter of what it is.
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Run<V>(int start, int end)
            where V : unmanaged, ISimd<V, T>
        {
            V factor = V.Broadcast(T.CreateTruncating(0.999)), x = V.Broadcast(T.One);
            V a = x, b = x, c = x, d = x, e = x, f = x, g = x, h = x, i = x, j = x, k = x, l = x;
            for (int repeat = 0; repeat < Repeats; repeat++)
            {
                a = V.MultiplyAdd(a, factor, x);
                b = V.MultiplyAdd(b, factor, x);
                c = V.MultiplyAdd(c, factor, x);
                d = V.MultiplyAdd(d, factor, x);
                e = V.MultiplyAdd(e, factor, x);
                f = V.MultiplyAdd(f, factor, x);
                g = V.MultiplyAdd(g, factor, x);
                h = V.MultiplyAdd(h, factor, x);
                i = V.MultiplyAdd(i, factor, x);
                j = V.MultiplyAdd(j, factor, x);
                k = V.MultiplyAdd(k, factor, x);
                l = V.MultiplyAdd(l, factor, x);
            }

            // Used, so that the chains are not left out.
            _results.Pointer[start] = V.SumAcross(a + b + c + d + e + f + g + h + i + j + k + l);
        }
    }
}
