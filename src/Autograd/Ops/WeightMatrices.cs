using System.Numerics;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;

namespace MiniGpt.Autograd.Ops;

/// <summary>
/// Linear maps and tables whose weights are laid out to be read, or in a few bits. They have no gradient: a tape that records refuses them.
/// </summary>
public static class WeightMatrixOperators
{
    /// <summary>The linear map of the innermost axis.</summary>
    /// <param name="x">[..., In].</param>
    /// <param name="weight">[Out, In].</param>
    /// <param name="bias">[Out], or null for none.</param>
    /// <returns>[..., Out].</returns>
    /// <exception cref="ShapeException">The shapes do not go together.</exception>
    /// <exception cref="InvalidOperationException">The tape records.</exception>
    public static Variable<T> Linear<T>(this Variable<T> x, WeightMatrix<T> weight, Variable<T>? bias = null)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Tape<T> tape = ReadingTape(Tape<T>.Of(x));
        if (x.Shape.Rank < 1 || x.Shape[-1] != weight.Inputs)
            throw new ShapeException("Linear", x.Shape, [weight.Outputs, weight.Inputs], "[..., In] goes with a weight [Out, In]");

        Variable<T> y = tape.Result(x.Shape.With(-1, weight.Outputs), requiresGradient: false);
        weight.Multiply(x.Value, bias is null ? default : bias.Value, y.Value);
        return y;
    }

    /// <summary>The linear map followed by an activation: f(x·Wᵀ + b).</summary>
    /// <inheritdoc cref="Linear{T}(Variable{T}, WeightMatrix{T}, Variable{T}?)"/>
    public static Variable<T> Linear<T, TFunction>(this Variable<T> x, WeightMatrix<T> weight, Variable<T>? bias = null)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TFunction : struct, IActivation<T>
    {
        Variable<T> y = x.Linear(weight, bias);
        Map.Forward<T, TFunction>(y.Value, y.Value);
        return y;
    }

    /// <summary>The rows of a table that ids name.</summary>
    /// <param name="tape">Where the result goes; one that does not record.</param>
    /// <param name="table">[V, C].</param>
    /// <param name="ids">[...], each in [0, V).</param>
    /// <returns>[..., C].</returns>
    /// <exception cref="ArgumentException">An id is outside of the table.</exception>
    /// <exception cref="InvalidOperationException">The tape records.</exception>
    public static Variable<T> Embedding<T>(this Tape<T> tape, WeightMatrix<T> table, Tensor<int> ids)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Variable<T> y = ReadingTape(tape).Result(ids.Shape.Append(table.Inputs), requiresGradient: false);
        Span<T> rows = y.Value.Span;
        ReadOnlySpan<int> all = ids.Span;
        for (int i = 0; i < all.Length; i++)
            table.ReadRow(all[i], rows.Slice(i * table.Inputs, table.Inputs));

        return y;
    }

    /// <summary>A tape that does not record.</summary>
    /// <exception cref="InvalidOperationException">It does.</exception>
    internal static Tape<T> ReadingTape<T>(Tape<T> tape)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => tape.Records
        ? throw new InvalidOperationException("Weights that are laid out to be read have no gradient; use a tape that does not record.")
        : tape;
}
