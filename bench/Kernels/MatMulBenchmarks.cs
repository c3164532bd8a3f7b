using BenchmarkDotNet.Attributes;
using MiniGpt.Bench.Peers;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;

namespace MiniGpt.Bench.Kernels;

/// <summary>C = A·B in single precision, at squares and at the sizes of the presets' layers.</summary>
public unsafe class MatMulBenchmarks : IMeasuredWork
{
    private Tensor<float> _a;
    private Tensor<float> _b;
    private Tensor<float> _c;

    public static string Unit => MeasuredWork.Flops;

    [ParamsSource(nameof(Sizes))]
    public MatMulSize Size { get; set; }

    [Params(1, 2)]
    public int Threads { get; set; }

    public double WorkOfCall => Size.Operations;

    public static IEnumerable<MatMulSize> Sizes =>
    [
        new(64, 64, 32), new(128, 128, 128), new(256, 256, 256), new(512, 512, 512), new(1024, 1024, 1024), new(2048, 2048, 2048),
        new(768, 512, 128), new(768, 128, 512), new(768, 384, 128), new(16384, 384, 384), new(16384, 1536, 384), new(4096, 50257, 64),
    ];

    [GlobalSetup]
    public void Setup()
    {
        PeerThreads.Set(Threads);
        _a = Inputs.Normal(Size.M, Size.K);
        _b = Inputs.Normal(Size.K, Size.N);
        _c = new Tensor<float>([Size.M, Size.N]);
    }

    [Benchmark(Baseline = true)]
    public void MatMul() => Gemm.Multiply(_a, _b, _c);

    [Benchmark, Peer(Library = NativeLibraryName.OpenBlas)]
    public void OpenBlas() => Peers.OpenBlas.Multiply(false, false, Size.M, Size.N, Size.K, _a.Pointer, _b.Pointer, _c.Pointer);

    [Benchmark, Peer(Library = NativeLibraryName.OneDnn)]
    public void OneDnn() => Peers.OneDnn.Multiply(false, false, Size.M, Size.N, Size.K, _a.Pointer, _b.Pointer, _c.Pointer);

    [Benchmark, Peer(MostWork = 4e6)]
    public void PlainLoop()
    {
        ReadOnlySpan<float> a = _a.Span, b = _b.Span;
        Span<float> c = _c.Span;
        c.Clear();
        for (int row = 0; row < Size.M; row++)
        {
            for (int k = 0; k < Size.K; k++)
            {
                float factor = a[row * Size.K + k];
                for (int column = 0; column < Size.N; column++)
                    c[row * Size.N + column] += factor * b[k * Size.N + column];
            }
        }
    }
}

/// <summary>[M, K] by [K, N].</summary>
public readonly record struct MatMulSize(int M, int N, int K)
{
    /// <summary>Multiplications and additions.</summary>
    public double Operations => 2.0 * M * N * K;

    public override string ToString() => $"{M}x{N}x{K}";
}
