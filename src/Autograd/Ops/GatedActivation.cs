using System.Numerics;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;

namespace MiniGpt.Autograd.Ops;

/// <summary>Gated linear units (Shazeer 2020): half of what a linear map gives decides how much of the other half goes on.</summary>
public static class GatedActivationOperator
{
    /// <summary>
    /// y = f(gate) · up, where gate is the first half of each row and up the second. f = <see cref="SiluFunction{T}"/> makes SwiGLU,
    /// a GELU makes GEGLU.
    /// </summary>
    /// <param name="x">[..., 2F].</param>
    /// <returns>[..., F].</returns>
    /// <exception cref="ShapeException">The last axis has no halves.</exception>
    public static Variable<T> GatedActivation<T, TFunction>(this Variable<T> x)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TFunction : struct, IActivation<T>
    {
        Tape<T> tape = Tape<T>.Of(x);
        Variable<T> y = tape.Result(Tensors.Kernels.GatedActivation.ShapeOfResult(x.Shape), x.RequiresGradient);
        Tensors.Kernels.GatedActivation.Forward<T, TFunction>(x.Value, y.Value);
        if (y.RequiresGradient)
            tape.Record<GatedActivationNode<T, TFunction>>(y).X = x;

        return y;
    }

    private sealed class GatedActivationNode<T, TFunction> : Node<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TFunction : struct, IActivation<T>
    {
        public Variable<T> X = null!;

        public override string Name => $"Gated{typeof(TFunction).Name.Split("Function")[0]}";

        protected internal override void Backward()
        {
            Tensor<T> target = X.GradientTarget(out bool accumulate);
            Tensors.Kernels.GatedActivation.Backward<T, TFunction>(X.Value, Output.Gradient, target, accumulate);
        }
    }
}
