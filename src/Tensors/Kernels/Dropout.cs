using System.Numerics;

namespace MiniGpt.Tensors.Kernels;

/// <summary>temporary until the branch lands.</summary>
public static class Dropout
{
    /// <summary>Drops.</summary>
    public static void Apply<T>(Tensor<T> x, Tensor<T> y, RandomStream stream, double probability, bool accumulate)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T scale = T.CreateChecked(1 / (1 - probability));
        uint threshold = (uint)(probability * 4294967296.0);
        Span<T> from = x.Span, to = y.Span;
        for (int i = 0; i < from.Length; i++)
        {
            T value = stream.Bits((ulong)i) < threshold ? T.Zero : from[i] * scale;
            to[i] = accumulate ? to[i] + value : value;
        }
    }
}
