using System.Numerics;
using MiniGpt.Tensors.Simd;

namespace MiniGpt.Tensors.Kernels;

/// <summary>temporary.</summary>
public interface IUnaryFunction<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>f(x).</summary>
    static abstract V Value<V>(V x)
        where V : unmanaged, ISimd<V, T>;

    /// <summary>f'(x), where y = f(x).</summary>
    static abstract V Derivative<V>(V x, V y)
        where V : unmanaged, ISimd<V, T>;
}
