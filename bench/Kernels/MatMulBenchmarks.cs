using BenchmarkDotNet.Attributes;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;
using MiniGpt.Tensors.Threading;

namespace MiniGpt.Bench.Kernels;

/// <summary>C = A·B in single precision, at the sizes of the presets' layers and at squares.</summary>
public class MatMulBenchmarks : IMeasuredWork
{
    private Tensor<float> _a;
    private Tensor<float> _b;
    private Tensor<float> _c;

    public static string Unit => "GFLOP/s";

    [ParamsSource(nameof(Sizes))]
    public MatMulSize Size { get; set; }

    [Params(1, 0)]
    public int Threads { get; set; }

    public double WorkOfCall => 2.0 * Size.M * Size.N * Size.K;

    public static IEnumerable<MatMulSize> Sizes =>
    [
        new(64, 64, 32), new(128, 128, 128), new(256, 256, 256), new(512, 512, 512), new(1024, 1024, 1024),
        new(768, 384, 128), new(768, 512, 128), new(768, 128, 512), new(16384, 384, 384),
    ];

    [GlobalSetup]
    public void Setup()
    {
        Workers.Count = Threads;
        var random = new RandomStream(1, RandomPurpose.Evaluation);
        _a = new Tensor<float>([Size.M, Size.K]);
        _b = new Tensor<float>([Size.K, Size.N]);
        _c = new Tensor<float>([Size.M, Size.N]);
        random.FillNormal(_a.Span, 0, 1);
        random.FillNormal(_b.Span, 0, 1);
    }

    [Benchmark]
    public void MatMul() => Gemm.Multiply(_a, _b, _c);
}

/// <summary>[M, K] by [K, N].</summary>
public readonly record struct MatMulSize(int M, int N, int K)
{
    public override string ToString() => $"{M}x{N}x{K}";
}
