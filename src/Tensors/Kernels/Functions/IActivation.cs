using System.Numerics;
using MiniGpt.Tensors.Simd;

namespace MiniGpt.Tensors.Kernels;

/// <summary>A function that a linear map applies to what it computes, see <see cref="Gemm.Linear{T, TFunction}"/>.</summary>
public interface IActivation<T> : IUnaryFunction<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>f(x), to the bit what <see cref="IUnaryFunction{T}.Value{V}"/> gives, and f'(x): together they cost little more than one of them.</summary>
    static abstract V ValueAndDerivative<V>(V x, out V derivative)
        where V : unmanaged, ISimd<V, T>;
}
