using System.Numerics;
using MiniGpt.Tensors.Kernels;
using MiniGpt.Tensors.Simd;

namespace MiniGpt.Tests.Tensors.Simd;

/// <summary>The error function, which no kernel needs by itself.</summary>
internal readonly struct ErfFunction<T> : IUnaryFunction<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public static V Value<V>(V x)
        where V : unmanaged, ISimd<V, T> => SimdMath.Erf<V, T>(x);

    public static V Derivative<V>(V x, V y)
        where V : unmanaged, ISimd<V, T> => y;
}

/// <summary>2^x, which is part of softmax and attention.</summary>
internal readonly struct Exp2Function<T> : IUnaryFunction<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public static V Value<V>(V x)
        where V : unmanaged, ISimd<V, T> => SimdMath.Exp2<V, T>(x);

    public static V Derivative<V>(V x, V y)
        where V : unmanaged, ISimd<V, T> => y;
}
