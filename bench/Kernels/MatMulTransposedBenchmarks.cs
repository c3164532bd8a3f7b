using BenchmarkDotNet.Attributes;
using MiniGpt.Bench.Peers;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;

namespace MiniGpt.Bench.Kernels;

/// <summary>Products with one or both operands transposed, beside the plain one of the same sizes.</summary>
public unsafe class MatMulTransposedBenchmarks : IMeasuredWork
{
    private Tensor<float> _a;
    private Tensor<float> _b;
    private Tensor<float> _left;
    private Tensor<float> _right;
    private Tensor<float> _c;

    public static string Unit => MeasuredWork.Flops;

    [ParamsSource(nameof(Sizes))]
    public MatMulSize Size { get; set; }

    [ParamsAllValues]
    public Transposes Of { get; set; }

    [Params(1, 2)]
    public int Threads { get; set; }

    public double WorkOfCall => Size.Operations;

    public static IEnumerable<MatMulSize> Sizes =>
    [
        new(64, 64, 32), new(256, 256, 256), new(1024, 1024, 1024), new(768, 512, 128), new(768, 128, 512), new(16384, 384, 384),
        new(4096, 50257, 64),
    ];

    [GlobalSetup]
    public void Setup()
    {
        PeerThreads.Set(Threads);
        _a = Inputs.Normal(Size.M, Size.K);
        _b = Inputs.Normal(Size.K, Size.N);
        _left = Of == Transposes.Right ? _a : Inputs.Normal(Size.K, Size.M).Transpose(0, 1);
        _right = Of == Transposes.Left ? _b : Inputs.Normal(Size.N, Size.K).Transpose(0, 1);
        _c = new Tensor<float>([Size.M, Size.N]);
    }

    [Benchmark(Baseline = true)]
    public void Transposed() => Gemm.Multiply(_left, _right, _c);

    [Benchmark, Peer]
    public void Plain() => Gemm.Multiply(_a, _b, _c);

    [Benchmark, Peer(Library = NativeLibraryName.OpenBlas)]
    public void OpenBlas() => Peers.OpenBlas.Multiply(
        Of != Transposes.Right, Of != Transposes.Left, Size.M, Size.N, Size.K, _left.Pointer, _right.Pointer, _c.Pointer);

    [Benchmark, Peer(Library = NativeLibraryName.OneDnn)]
    public void OneDnn() => Peers.OneDnn.Multiply(
        Of != Transposes.Right, Of != Transposes.Left, Size.M, Size.N, Size.K, _left.Pointer, _right.Pointer, _c.Pointer);
}

/// <summary>Which operand of A·B lies in memory as its transpose.</summary>
public enum Transposes
{
    Left,
    Right,
    Both,
}
