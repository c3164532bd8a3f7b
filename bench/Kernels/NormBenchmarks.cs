using BenchmarkDotNet.Attributes;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Threading;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace MiniGpt.Bench.Kernels;

/// <summary>A norm of the rows of [Rows, Width] on one thread: what is read and written, without the small vectors of gains and means.</summary>
public abstract class NormBase
{
    protected const float Epsilon = 1e-5f;

    internal Tensor<float> X, Y, Gain, Bias, Mean, Inverse;

    public static IEnumerable<RowsSize> Sizes => [new(768, 128), new(2048, 384), new(1024, 768)];

    [ParamsSource(nameof(Sizes))]
    public RowsSize Size { get; set; }

    public double WorkOfCall => 2.0 * sizeof(float) * Size.Rows * Size.Width;

    [GlobalSetup]
    public void Setup()
    {
        Workers.Count = 1;
        X = Inputs.Normal(Size.Rows, Size.Width);
        Y = new Tensor<float>(X.Shape);
        Gain = Inputs.Normal(Size.Width);
        Bias = Inputs.Normal(Size.Width);
        Mean = new Tensor<float>([Size.Rows]);
        Inverse = new Tensor<float>([Size.Rows]);
    }
}

/// <inheritdoc/>
public class LayerNormBenchmarks : NormBase, IMeasuredWork
{
    public static string Unit => MeasuredWork.Bytes;

    [Benchmark(Baseline = true)]
    public void LayerNorm() => Tensors.Kernels.LayerNorm.Forward(X, Gain, Bias, Y, Mean, Inverse, Epsilon);

    [Benchmark, Peer]
    public void TensorPrimitivesCalls()
    {
        for (int row = 0; row < Size.Rows; row++)
        {
            ReadOnlySpan<float> x = X.Span.Slice(row * Size.Width, Size.Width);
            Span<float> y = Y.Span.Slice(row * Size.Width, Size.Width);
            TensorPrimitives.Subtract(x, TensorPrimitives.Sum(x) / Size.Width, y);
            float inverse = 1 / MathF.Sqrt(TensorPrimitives.SumOfSquares(y) / Size.Width + Epsilon);
            TensorPrimitives.Multiply(y, inverse, y);
            TensorPrimitives.MultiplyAdd(y, Gain.Span, Bias.Span, y);
        }
    }

    [Benchmark, Peer]
    public void PlainLoop()
    {
        ReadOnlySpan<float> gain = Gain.Span, bias = Bias.Span;
        for (int row = 0; row < Size.Rows; row++)
        {
            ReadOnlySpan<float> x = X.Span.Slice(row * Size.Width, Size.Width);
            Span<float> y = Y.Span.Slice(row * Size.Width, Size.Width);
            float sum = 0, squares = 0;
            foreach (float number in x)
                sum += number;

            float mean = sum / Size.Width;
            foreach (float number in x)
                squares += (number - mean) * (number - mean);

            float inverse = 1 / MathF.Sqrt(squares / Size.Width + Epsilon);
            for (int i = 0; i < x.Length; i++)
                y[i] = (x[i] - mean) * inverse * gain[i] + bias[i];
        }
    }
}

/// <inheritdoc/>
public class RmsNormBenchmarks : NormBase, IMeasuredWork
{
    public static string Unit => MeasuredWork.Bytes;

    [Benchmark(Baseline = true)]
    public void RmsNorm() => Tensors.Kernels.RmsNorm.Forward(X, Gain, Y, Inverse, Epsilon);

    [Benchmark, Peer]
    public void TensorPrimitivesCalls()
    {
        for (int row = 0; row < Size.Rows; row++)
        {
            ReadOnlySpan<float> x = X.Span.Slice(row * Size.Width, Size.Width);
            Span<float> y = Y.Span.Slice(row * Size.Width, Size.Width);
            float inverse = 1 / MathF.Sqrt(TensorPrimitives.SumOfSquares(x) / Size.Width + Epsilon);
            TensorPrimitives.Multiply(x, inverse, y);
            TensorPrimitives.Multiply(y, Gain.Span, y);
        }
    }

    [Benchmark, Peer]
    public void PlainLoop()
    {
        ReadOnlySpan<float> gain = Gain.Span;
        for (int row = 0; row < Size.Rows; row++)
        {
            ReadOnlySpan<float> x = X.Span.Slice(row * Size.Width, Size.Width);
            Span<float> y = Y.Span.Slice(row * Size.Width, Size.Width);
            float squares = 0;
            foreach (float number in x)
                squares += number * number;

            float inverse = 1 / MathF.Sqrt(squares / Size.Width + Epsilon);
            for (int i = 0; i < x.Length; i++)
                y[i] = x[i] * inverse * gain[i];
        }
    }
}

/// <summary>Rows, one of each token, and their width.</summary>
public readonly record struct RowsSize(int Rows, int Width)
{
    public override string ToString() => $"{Rows}x{Width}";
}
