using BenchmarkDotNet.Attributes;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;
using MiniGpt.Tensors.Threading;

namespace MiniGpt.Bench.Kernels;

/// <summary>
/// Causal self-attention, forward or backward, over views of packed projections as a model has them. Counted is the half that the mask leaves:
/// 4 operations for each number of a head and each pair of a query and a key that it sees, and 2.5 times as many on the way back.
/// </summary>
public abstract class AttentionBase
{
    internal Tensor<float> Q, K, V, Output, OutputGradient, QGradient, KGradient, VGradient, LogSumExp;
    internal AttentionOptions<float> Options;

    public static IEnumerable<AttentionSize> Sizes => [new(12, 4, 64, 32), new(8, 6, 256, 64), new(1, 12, 1024, 64)];

    [ParamsSource(nameof(Sizes))]
    public AttentionSize Size { get; set; }

    [Params(1, 2)]
    public int Threads { get; set; }

    protected double ForwardOperations => 4.0 * Size.Batch * Size.Heads * Size.HeadSize * Size.Context * (Size.Context + 1) / 2;

    [GlobalSetup]
    public void Setup()
    {
        Workers.Count = Threads;
        (int batch, int heads, int context, int headSize) = Size;
        var packed = new Shape(batch, context, 3 * heads, headSize);
        Tensor<float> inputs = Normal(packed, 1).Transpose(1, 2), gradients = new Tensor<float>(packed).Transpose(1, 2);
        (Q, K, V) = (inputs.Slice(1, 0, heads), inputs.Slice(1, heads, heads), inputs.Slice(1, 2 * heads, heads));
        (QGradient, KGradient, VGradient) =
            (gradients.Slice(1, 0, heads), gradients.Slice(1, heads, heads), gradients.Slice(1, 2 * heads, heads));
        Output = new Tensor<float>([batch, context, heads, headSize]).Transpose(1, 2);
        OutputGradient = Normal([batch, context, heads, headSize], 2).Transpose(1, 2);
        LogSumExp = new Tensor<float>([batch, heads, context, 2]);
        Options = new AttentionOptions<float> { Scale = 1 / MathF.Sqrt(headSize), Causal = true };
        Attention.Forward(Q, K, V, Output, LogSumExp, Options);
    }

    private static Tensor<float> Normal(Shape shape, ulong seed)
    {
        var tensor = new Tensor<float>(shape);
        new RandomStream(seed, RandomPurpose.Evaluation).FillNormal(tensor.Span, 0, 1);
        return tensor;
    }
}

/// <inheritdoc/>
public class AttentionForwardBenchmarks : AttentionBase, IMeasuredWork
{
    public static string Unit => MeasuredWork.Flops;

    public double WorkOfCall => ForwardOperations;

    [Benchmark(Baseline = true)]
    public void Forward() => Attention.Forward(Q, K, V, Output, LogSumExp, Options);
}

/// <inheritdoc/>
public class AttentionBackwardBenchmarks : AttentionBase, IMeasuredWork
{
    public static string Unit => MeasuredWork.Flops;

    public double WorkOfCall => 2.5 * ForwardOperations;

    [Benchmark(Baseline = true)]
    public void Backward() =>
        Attention.Backward(Q, K, V, Output, LogSumExp, OutputGradient, QGradient, KGradient, VGradient, accumulate: false, Options);
}

/// <summary>Examples, heads, tokens and numbers of a head.</summary>
public readonly record struct AttentionSize(int Batch, int Heads, int Context, int HeadSize)
{
    public override string ToString() => $"{Batch}x{Heads}x{Context}x{HeadSize}";
}
