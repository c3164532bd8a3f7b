using BenchmarkDotNet.Attributes;
using MiniGpt.Bench.Peers;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;
using MiniGpt.Tensors.Simd;
using MiniGpt.Tensors.Threading;

namespace MiniGpt.Bench.Kernels;

/// <summary>
/// A single row times a matrix that no cache holds, as in generating token after token: beside reading the same memory once and adding it
/// up, which is as fast as it can be.
/// </summary>
public unsafe class RowProductBenchmarks : IMeasuredWork
{
    private Tensor<float> _row;
    private Tensor<float> _matrix;
    private Tensor<float> _weight;
    private Tensor<float> _result;
    private Tensor<double> _sums;

    public static string Unit => MeasuredWork.Bytes;

    /// <summary>[1, K] by [K, N].</summary>
    [ParamsSource(nameof(Sizes))]
    public MatMulSize Size { get; set; }

    /// <summary>Whether the matrix lies in memory as [N, K], as the weights of a layer do.</summary>
    [Params(true, false)]
    public bool Weights { get; set; }

    [Params(1, 2)]
    public int Threads { get; set; }

    public double WorkOfCall => (double)sizeof(float) * Size.N * Size.K;

    public static IEnumerable<MatMulSize> Sizes => [new(1, 50257, 768), new(1, 8192, 8192)];

    [GlobalSetup]
    public void Setup()
    {
        PeerThreads.Set(Threads);
        _row = Inputs.Normal(1, Size.K);
        _matrix = Weights ? Inputs.Normal(Size.N, Size.K) : Inputs.Normal(Size.K, Size.N);
        _weight = Weights ? _matrix.Transpose(0, 1) : _matrix;
        _result = new Tensor<float>([1, Size.N]);
        _sums = new Tensor<double>([256]);
    }

    [Benchmark(Baseline = true)]
    public void RowProduct() => Gemm.Multiply(_row, _weight, _result);

    [Benchmark, Peer]
    public void Read()
    {
        var reading = new Reading(_matrix, _sums);
        Workers.Run<float, Reading>(ref reading, (int)_sums.Count, grain: 1);
    }

    [Benchmark, Peer(Library = NativeLibraryName.OpenBlas)]
    public void OpenBlas() => Peers.OpenBlas.MultiplyVector(
        !Weights, Weights ? Size.N : Size.K, Weights ? Size.K : Size.N, _matrix.Pointer, _row.Pointer, _result.Pointer);

    /// <summary>Sums of equal parts of a tensor: nothing but reading.</summary>
    private readonly struct Reading(Tensor<float> from, Tensor<double> sums) : IRangeKernel<float>
    {
        private readonly Tensor<float> _from = from;
        private readonly Tensor<double> _sums = sums;

        public void Run<V>(int start, int end)
            where V : unmanaged, ISimd<V, float>
        {
            for (int part = start; part < end; part++)
            {
                long first = _from.Count * part / _sums.Count, last = _from.Count * (part + 1) / _sums.Count;
                _sums.Pointer[part] = Sum<V>(_from.Pointer + first, last - first);
            }
        }

        private static double Sum<V>(float* from, long count)
            where V : unmanaged, ISimd<V, float>
        {
            V a = V.Zero, b = V.Zero, c = V.Zero, d = V.Zero;
            for (; count >= 4 * V.Count; count -= 4 * V.Count, from += 4 * V.Count)
            {
                a += V.Load(from);
                b += V.Load(from + V.Count);
                c += V.Load(from + 2 * V.Count);
                d += V.Load(from + 3 * V.Count);
            }

            return V.SumAcross(a + b + c + d);
        }
    }
}
