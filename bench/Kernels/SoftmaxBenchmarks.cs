using BenchmarkDotNet.Attributes;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Threading;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace MiniGpt.Bench.Kernels;

/// <summary>
/// Softmax over the rows of [Rows, Columns] on one thread, beside the platform's own, which is not safe for large inputs, and where memory
/// decides beside copying as much.
/// </summary>
public class SoftmaxBenchmarks : IMeasuredWork
{
    private Tensor<float> _x;
    private Tensor<float> _y;

    public static string Unit => MeasuredWork.Bytes;

    [Params("3072x64", "4096x50257")]
    public string Size { get; set; } = "";

    public double WorkOfCall => 2.0 * sizeof(float) * Rows * Columns;

    private int Rows => int.Parse(Size.Split('x')[0], System.Globalization.CultureInfo.InvariantCulture);

    private int Columns => int.Parse(Size.Split('x')[1], System.Globalization.CultureInfo.InvariantCulture);

    [GlobalSetup]
    public void Setup()
    {
        Workers.Count = 1;
        _x = new Tensor<float>([Rows, Columns]);
        _y = new Tensor<float>(_x.Shape);
        new RandomStream(1, RandomPurpose.Evaluation).FillNormal(_x.Span, 0, 1);
    }

    [Benchmark(Baseline = true)]
    public void Softmax() => Tensors.Kernels.Softmax.Forward(_x, _y);

    [Benchmark, Peer(LeastWork = 1e9)]
    public void Copy() => _x.Span.CopyTo(_y.Span);

    [Benchmark, Peer]
    public void TensorPrimitivesSoftMax()
    {
        ReadOnlySpan<float> x = _x.Span;
        Span<float> y = _y.Span;
        for (int row = 0; row < Rows; row++)
            TensorPrimitives.SoftMax(x.Slice(row * Columns, Columns), y.Slice(row * Columns, Columns));
    }
}
