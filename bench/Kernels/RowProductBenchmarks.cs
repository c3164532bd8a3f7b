using BenchmarkDotNet.Attributes;
using MiniGpt.Bench.EndToEnd;
using MiniGpt.Bench.Peers;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;

namespace MiniGpt.Bench.Kernels;

/// <summary>
/// A single row times a matrix that no cache holds, as in generating token after token: beside reading as much memory once and adding it
/// up, which is as fast as it can be.
/// </summary>
public unsafe class RowProductBenchmarks : IMeasuredWork
{
    private Tensor<float> _row;
    private Tensor<float> _matrix;
    private Tensor<float> _weight;
    private Tensor<float> _result;
    private MemoryRead? _read;

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
        _read = new MemoryRead((long)WorkOfCall);
    }

    [Benchmark(Baseline = true)]
    public void RowProduct() => Gemm.Multiply(_row, _weight, _result);

    [Benchmark, Peer]
    public void Read() => _read!.Run();

    [Benchmark, Peer(Library = NativeLibraryName.OpenBlas)]
    public void OpenBlas() => Peers.OpenBlas.MultiplyVector(
        !Weights, Weights ? Size.N : Size.K, Weights ? Size.K : Size.N, _matrix.Pointer, _row.Pointer, _result.Pointer);
}
