using BenchmarkDotNet.Attributes;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Threading;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace MiniGpt.Bench.Kernels;

/// <summary>What is made of logits, [Rows, Vocabulary], on one thread: they are read once, and most of it is exponentials.</summary>
public abstract class LogitsBase
{
    internal Tensor<float> Logits, Result, LogSumExp;
    internal Tensor<int> Targets;

    public static IEnumerable<RowsSize> Sizes => [new(768, 65), new(2048, 65), new(512, 50257)];

    [ParamsSource(nameof(Sizes))]
    public RowsSize Size { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        Workers.Count = 1;
        Logits = Inputs.Normal(Size.Rows, Size.Width);
        Result = new Tensor<float>(Logits.Shape);
        LogSumExp = new Tensor<float>([Size.Rows, 2]);
        Targets = Tensor<int>.From([.. Enumerable.Range(0, Size.Rows).Select(row => row * 7 % Size.Width)], [Size.Rows]);
    }

    protected Span<float> Row(Tensor<float> matrix, int row) => matrix.Span.Slice(row * Size.Width, Size.Width);

    /// <summary>ln Σ e^x of a row by the platform's own; the scratch is overwritten.</summary>
    protected static float LogOfSum(ReadOnlySpan<float> x, Span<float> scratch)
    {
        float max = TensorPrimitives.Max(x);
        TensorPrimitives.Subtract(x, max, scratch);
        TensorPrimitives.Exp(scratch, scratch);
        return max + MathF.Log(TensorPrimitives.Sum<float>(scratch));
    }

    /// <summary>The same by a plain loop.</summary>
    protected static float PlainLogOfSum(ReadOnlySpan<float> x)
    {
        float max = float.NegativeInfinity, sum = 0;
        foreach (float logit in x)
            max = Math.Max(max, logit);

        foreach (float logit in x)
            sum += MathF.Exp(logit - max);

        return max + MathF.Log(sum);
    }
}

/// <inheritdoc/>
public class LogSoftmaxBenchmarks : LogitsBase, IMeasuredWork
{
    public static string Unit => MeasuredWork.Bytes;

    public double WorkOfCall => 2.0 * sizeof(float) * Size.Rows * Size.Width;

    [Benchmark(Baseline = true)]
    public void LogSoftmax() => Tensors.Kernels.LogSoftmax.Forward(Logits, Result);

    [Benchmark, Peer]
    public void TensorPrimitivesCalls()
    {
        for (int row = 0; row < Size.Rows; row++)
        {
            ReadOnlySpan<float> x = Row(Logits, row);
            Span<float> y = Row(Result, row);
            TensorPrimitives.Subtract(x, LogOfSum(x, y), y);
        }
    }

    [Benchmark, Peer(MostWork = 4e6)]
    public void PlainLoop()
    {
        for (int row = 0; row < Size.Rows; row++)
        {
            Span<float> x = Row(Logits, row), y = Row(Result, row);
            float log = PlainLogOfSum(x);
            for (int i = 0; i < x.Length; i++)
                y[i] = x[i] - log;
        }
    }
}

/// <inheritdoc/>
public class CrossEntropyBenchmarks : LogitsBase, IMeasuredWork
{
    private const int Ignored = -100;

    public static string Unit => MeasuredWork.Bytes;

    public double WorkOfCall => (double)sizeof(float) * Size.Rows * Size.Width;

    /// <summary>What the last call gave, so that none is left out.</summary>
    public float Loss { get; private set; }

    [Benchmark(Baseline = true)]
    public void Forward() => Loss = Tensors.Kernels.CrossEntropy.Forward(Logits, Targets, LogSumExp, Ignored);

    [Benchmark]
    public void Backward() =>
        Tensors.Kernels.CrossEntropy.Backward(Logits, Targets, LogSumExp, Ignored, 1f, Result, accumulate: false);

    [Benchmark, Peer(To = nameof(Forward))]
    public void TensorPrimitivesCalls()
    {
        float loss = 0;
        for (int row = 0; row < Size.Rows; row++)
        {
            ReadOnlySpan<float> x = Row(Logits, row);
            loss += LogOfSum(x, Row(Result, row)) - x[Targets.Span[row]];
        }

        Loss = loss / Size.Rows;
    }

    [Benchmark, Peer(To = nameof(Forward), MostWork = 4e6)]
    public void PlainLoop()
    {
        float loss = 0;
        for (int row = 0; row < Size.Rows; row++)
        {
            ReadOnlySpan<float> x = Row(Logits, row);
            loss += PlainLogOfSum(x) - x[Targets.Span[row]];
        }

        Loss = loss / Size.Rows;
    }

    [Benchmark, Peer(To = nameof(Backward))]
    public void TensorPrimitivesBackward()
    {
        for (int row = 0; row < Size.Rows; row++)
        {
            Span<float> dx = Row(Result, row);
            TensorPrimitives.Subtract(Row(Logits, row), LogSumExp.Span[2 * row] + LogSumExp.Span[2 * row + 1], dx);
            TensorPrimitives.Exp(dx, dx);
            TensorPrimitives.Multiply(dx, 1f / Size.Rows, dx);
            dx[Targets.Span[row]] -= 1f / Size.Rows;
        }
    }
}
