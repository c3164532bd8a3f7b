using BenchmarkDotNet.Attributes;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Threading;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace MiniGpt.Bench.Kernels;

/// <summary>One step of AdamW on one thread, over a layer's matrix and over as many parameters as no cache holds.</summary>
public class AdamWBenchmarks : IMeasuredWork
{
    private const float LearningRate = 1e-4f, Beta1 = 0.9f, Beta2 = 0.99f, Epsilon = 1e-8f, Decay = 0.1f;

    private Tensor<float> _parameters;
    private Tensor<float> _gradients;
    private Tensor<float> _first;
    private Tensor<float> _second;
    private float[] _scratch = [];

    public static string Unit => MeasuredWork.Bytes;

    [Params(128 * 512, 384 * 1536, 10_000_000)]
    public int Count { get; set; }

    /// <summary>Four arrays are read, and three of them written.</summary>
    public double WorkOfCall => 7.0 * sizeof(float) * Count;

    [GlobalSetup]
    public void Setup()
    {
        Workers.Count = 1;
        _parameters = Inputs.Normal(Count);
        _gradients = Inputs.Normal(Count);
        _first = new Tensor<float>([Count]);
        _second = new Tensor<float>([Count]);
        _scratch = new float[Count];
    }

    [Benchmark(Baseline = true)]
    public void AdamW() => Tensors.Kernels.AdamW.Update(
        _parameters, _gradients, _first, _second, LearningRate, Beta1, Beta2, Epsilon, Decay, gradientScale: 1f, step: 100);

    [Benchmark, Peer]
    public void TensorPrimitivesCalls()
    {
        (float stepSize, float rootFactor) = Corrections();
        Span<float> p = _parameters.Span, m = _first.Span, v = _second.Span;
        ReadOnlySpan<float> g = _gradients.Span;
        TensorPrimitives.Lerp(g, m, Beta1, m);
        TensorPrimitives.Multiply(g, g, _scratch);
        TensorPrimitives.Lerp(_scratch, v, Beta2, v);
        TensorPrimitives.Sqrt(v, _scratch);
        TensorPrimitives.Multiply(_scratch, rootFactor, _scratch);
        TensorPrimitives.Add(_scratch, Epsilon, _scratch);
        TensorPrimitives.Divide(m, _scratch, _scratch);
        TensorPrimitives.Multiply(p, 1 - LearningRate * Decay, p);
        TensorPrimitives.MultiplyAdd(_scratch, -stepSize, p, p);
    }

    [Benchmark, Peer]
    public void PlainLoop()
    {
        (float stepSize, float rootFactor) = Corrections();
        Span<float> p = _parameters.Span, m = _first.Span, v = _second.Span;
        ReadOnlySpan<float> g = _gradients.Span;
        for (int i = 0; i < p.Length; i++)
        {
            m[i] = Beta1 * m[i] + (1 - Beta1) * g[i];
            v[i] = Beta2 * v[i] + (1 - Beta2) * g[i] * g[i];
            p[i] = p[i] * (1 - LearningRate * Decay) - stepSize * m[i] / (MathF.Sqrt(v[i]) * rootFactor + Epsilon);
        }
    }

    private static (float StepSize, float RootFactor) Corrections() =>
        (LearningRate / (1 - MathF.Pow(Beta1, 100)), 1 / MathF.Sqrt(1 - MathF.Pow(Beta2, 100)));
}
