using System.Numerics;
using System.Runtime.CompilerServices;
using MiniGpt.Tensors.Simd;

namespace MiniGpt.Tensors.Kernels;

/// <summary>What <see cref="ElementwiseKernel{T, TOperation}"/> does with a pair; an operation on one element ignores b.</summary>
internal interface IBinaryOperation<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    V Apply<V>(V a, V b)
        where V : unmanaged, ISimd<V, T>;
}

internal readonly struct AddOperation<T> : IBinaryOperation<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public V Apply<V>(V a, V b)
        where V : unmanaged, ISimd<V, T> => a + b;
}

internal readonly struct SubtractOperation<T> : IBinaryOperation<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public V Apply<V>(V a, V b)
        where V : unmanaged, ISimd<V, T> => a - b;
}

internal readonly struct MultiplyOperation<T> : IBinaryOperation<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public V Apply<V>(V a, V b)
        where V : unmanaged, ISimd<V, T> => a * b;
}

internal readonly struct DivideOperation<T> : IBinaryOperation<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public V Apply<V>(V a, V b)
        where V : unmanaged, ISimd<V, T> => a / b;
}

internal readonly struct ScaleOperation<T>(T factor) : IBinaryOperation<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public V Apply<V>(V a, V b)
        where V : unmanaged, ISimd<V, T> => a * V.Broadcast(factor);
}

internal readonly struct AddConstantOperation<T>(T value) : IBinaryOperation<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public V Apply<V>(V a, V b)
        where V : unmanaged, ISimd<V, T> => a + V.Broadcast(value);
}

internal readonly struct CopyOperation<T> : IBinaryOperation<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public V Apply<V>(V a, V b)
        where V : unmanaged, ISimd<V, T> => a;
}

internal readonly struct FillOperation<T>(T value) : IBinaryOperation<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public V Apply<V>(V a, V b)
        where V : unmanaged, ISimd<V, T> => V.Broadcast(value);
}

internal readonly struct MaskedFillOperation<T>(T value) : IBinaryOperation<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public V Apply<V>(V a, V b)
        where V : unmanaged, ISimd<V, T> => V.Select(V.Equal(b, V.Zero), a, V.Broadcast(value));
}
