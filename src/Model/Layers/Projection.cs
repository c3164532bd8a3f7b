using System.Numerics;
using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;

namespace MiniGpt.Model.Layers;

/// <summary>Operators on a parameter, whichever way its numbers are kept: as they are trained, or laid out to be read.</summary>
internal static class Projection
{
    /// <summary>[..., In] to [..., Out]: x·Wᵀ + b.</summary>
    public static Variable<T> Linear<T>(this Variable<T> x, Parameter<T> weight, Parameter<T>? bias = null)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => weight.Packed is { } matrix
        ? x.Linear(matrix, bias?.Variable)
        : x.Linear(weight.Variable, bias?.Variable);

    /// <summary>[..., In] to [..., Out]: f(x·Wᵀ + b).</summary>
    public static Variable<T> Linear<T, TFunction>(this Variable<T> x, Parameter<T> weight, Parameter<T>? bias)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TFunction : struct, IActivation<T> => weight.Packed is { } matrix
        ? x.Linear<T, TFunction>(matrix, bias?.Variable)
        : x.Linear<T, TFunction>(weight.Variable, bias?.Variable);

    /// <summary>Ids [...] to vectors [..., C].</summary>
    public static Variable<T> Embedding<T>(this Tape<T> tape, Parameter<T> table, Tensor<int> ids)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => table.Packed is { } matrix
        ? tape.Embedding(matrix, ids)
        : tape.Embedding(table.Variable, ids);
}
