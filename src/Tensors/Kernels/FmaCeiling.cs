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
    private const int Repeats = 50_000;
    private const int FewestRuns = 50; // the first one waits for its code to be compiled, which takes long where processors are busy

    /// <summary>
    /// Floating-point operations a second, on all worker threads together. Each thread counts with the best of its many short runs, so that
    /// another program that takes a processor for a moment does not lower the ceiling.
    /// </summary>
    /// <param name="budget">How long to measure, at the least.</param>
    public static double Measure<T>(TimeSpan budget)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        // More threads than processors take turns: together they do no more.
        int threads = Math.Min(Workers.Count, Environment.ProcessorCount);
        var seconds = new Tensor<double>([threads]);
        seconds.Span.Fill(double.PositiveInfinity);
        var kernel = new Chain<T>(seconds, new Tensor<T>([threads]));
        long start = Stopwatch.GetTimestamp();
        int runs = 0;
        do
        {
            Workers.Run<T, Chain<T>>(ref kernel, threads, grain: 1);
            runs++;
        }
        while (runs < FewestRuns || Stopwatch.GetElapsedTime(start) < (AreAlike(seconds.Span) ? budget : 4 * budget));

        double operations = 2.0 * Chains * Repeats * Math.Max(1, VectorWidth.Bits / 8 / Unsafe.SizeOf<T>());
        double sum = 0;
        foreach (double best in seconds.Span)
            sum += operations / best;

        return sum;
    }

    /// <summary>Whether all threads had a run of their own speed; one that never had a processor to itself needs more time for that.</summary>
    private static bool AreAlike(ReadOnlySpan<double> seconds)
    {
        double least = double.PositiveInfinity, most = 0;
        foreach (double best in seconds)
            (least, most) = (Math.Min(least, best), Math.Max(most, best));

        return most < 1.15 * least;
    }

    private readonly unsafe struct Chain<T>(Tensor<double> seconds, Tensor<T> results) : IRangeKernel<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        private readonly Tensor<double> _seconds = seconds;
        private readonly Tensor<T> _results = results;

        public void Run<V>(int start, int end)
            where V : unmanaged, ISimd<V, T>
        {
            long before = Stopwatch.GetTimestamp();
            _results.Pointer[start] = RunChains<V>(); // kept, so that the chains are not left out
            _seconds.Pointer[start] = Math.Min(_seconds.Pointer[start], Stopwatch.GetElapsedTime(before).TotalSeconds);
        }

        // Not to begin with unoptimised code: in the few milliseconds that are measured it would not be replaced. And alone in its method:
        // beside a call the JIT keeps the chains on the stack.
        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        private static T RunChains<V>()
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

            return V.SumAcross(a + b + c + d + e + f + g + h + i + j + k + l);
        }
    }
}
