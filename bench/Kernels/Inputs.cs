using MiniGpt.Tensors;

namespace MiniGpt.Bench.Kernels;

/// <summary>What benchmarks work on.</summary>
internal static class Inputs
{
    /// <summary>Standard normal numbers, always the same ones.</summary>
    public static Tensor<float> Normal(params ReadOnlySpan<int> shape)
    {
        var tensor = new Tensor<float>(new Shape(shape));
        new RandomStream(1, RandomPurpose.Evaluation).FillNormal(tensor.Span, 0, 1);
        return tensor;
    }
}
