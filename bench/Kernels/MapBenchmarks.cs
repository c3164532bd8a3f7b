using BenchmarkDotNet.Attributes;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;
using MiniGpt.Tensors.Threading;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace MiniGpt.Bench.Kernels;

/// <summary>A function of every number on one thread: of a cache's worth, and of the feed-forward activations of baby and small.</summary>
public abstract class MapBase
{
    internal Tensor<float> X, Y;

    [Params(4096, 768 * 512, 2048 * 1536)]
    public int Count { get; set; }

    public double WorkOfCall => 2.0 * sizeof(float) * Count;

    [GlobalSetup]
    public void Setup()
    {
        Workers.Count = 1;
        X = Inputs.Normal(Count);
        Y = new Tensor<float>(X.Shape);
    }
}

/// <inheritdoc/>
public class ExpBenchmarks : MapBase, IMeasuredWork
{
    public static string Unit => MeasuredWork.Bytes;

    [Benchmark(Baseline = true)]
    public void Exp() => Map.Forward<float, ExponentialFunction<float>>(X, Y);

    [Benchmark, Peer]
    public void TensorPrimitivesExp() => TensorPrimitives.Exp(X.Span, Y.Span);

    [Benchmark, Peer]
    public void PlainLoop()
    {
        ReadOnlySpan<float> x = X.Span;
        Span<float> y = Y.Span;
        for (int i = 0; i < x.Length; i++)
            y[i] = MathF.Exp(x[i]);
    }
}

/// <inheritdoc/>
public class TanhBenchmarks : MapBase, IMeasuredWork
{
    public static string Unit => MeasuredWork.Bytes;

    [Benchmark(Baseline = true)]
    public void Tanh() => Map.Forward<float, HyperbolicTangentFunction<float>>(X, Y);

    [Benchmark, Peer]
    public void TensorPrimitivesTanh() => TensorPrimitives.Tanh(X.Span, Y.Span);

    [Benchmark, Peer]
    public void PlainLoop()
    {
        ReadOnlySpan<float> x = X.Span;
        Span<float> y = Y.Span;
        for (int i = 0; i < x.Length; i++)
            y[i] = MathF.Tanh(x[i]);
    }
}

/// <summary>GELU, by tanh as GPT-2 has it and by erf.</summary>
/// <inheritdoc/>
public class GeluBenchmarks : MapBase, IMeasuredWork
{
    private const float RootOfTwoOverPi = 0.79788456f;

    public static string Unit => MeasuredWork.Bytes;

    [Benchmark(Baseline = true)]
    public void GeluTanh() => Map.Forward<float, GeluTanhFunction<float>>(X, Y);

    [Benchmark]
    public void GeluErf() => Map.Forward<float, GeluErfFunction<float>>(X, Y);

    [Benchmark, Peer(To = nameof(GeluTanh))]
    public void TensorPrimitivesCalls()
    {
        ReadOnlySpan<float> x = X.Span;
        Span<float> y = Y.Span;
        TensorPrimitives.Multiply(x, x, y);
        TensorPrimitives.Multiply(y, 0.044715f * RootOfTwoOverPi, y);
        TensorPrimitives.Add(y, RootOfTwoOverPi, y);
        TensorPrimitives.Multiply(y, x, y);
        TensorPrimitives.Tanh(y, y);
        TensorPrimitives.MultiplyAdd(y, x, x, y);
        TensorPrimitives.Multiply(y, 0.5f, y);
    }

    [Benchmark, Peer(To = nameof(GeluTanh))]
    public void PlainLoop()
    {
        ReadOnlySpan<float> x = X.Span;
        Span<float> y = Y.Span;
        for (int i = 0; i < x.Length; i++)
        {
            float number = x[i];
            y[i] = 0.5f * number * (1 + MathF.Tanh(RootOfTwoOverPi * (number + 0.044715f * number * number * number)));
        }
    }
}

/// <summary>SiLU, x · sigmoid(x).</summary>
/// <inheritdoc/>
public class SiluBenchmarks : MapBase, IMeasuredWork
{
    public static string Unit => MeasuredWork.Bytes;

    [Benchmark(Baseline = true)]
    public void Silu() => Map.Forward<float, SiluFunction<float>>(X, Y);

    [Benchmark, Peer]
    public void TensorPrimitivesCalls()
    {
        TensorPrimitives.Sigmoid(X.Span, Y.Span);
        TensorPrimitives.Multiply(X.Span, Y.Span, Y.Span);
    }

    [Benchmark, Peer]
    public void PlainLoop()
    {
        ReadOnlySpan<float> x = X.Span;
        Span<float> y = Y.Span;
        for (int i = 0; i < x.Length; i++)
            y[i] = x[i] / (1 + MathF.Exp(-x[i]));
    }
}
