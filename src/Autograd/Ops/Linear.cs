using System.Numerics;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;

namespace MiniGpt.Autograd.Ops;

/// <summary>Y = X·Wᵀ + b, alone or with an activation on top.</summary>
public static class LinearOperator
{
    /// <summary>The linear map of the innermost axis.</summary>
    /// <param name="x">[..., In].</param>
    /// <param name="weight">[Out, In].</param>
    /// <param name="bias">[Out], or null for none.</param>
    /// <returns>[..., Out].</returns>
    /// <exception cref="ShapeException">The shapes do not go together.</exception>
    public static Variable<T> Linear<T>(this Variable<T> x, Variable<T> weight, Variable<T>? bias = null)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Tape<T> tape = Tape<T>.Of(x, weight, bias);
        Variable<T> y = tape.Result(OutputShape(x, weight), Requires(x, weight, bias));
        Gemm.Linear(x.Value, weight.Value, bias is null ? default : bias.Value, y.Value);
        if (y.RequiresGradient)
        {
            LinearNode<T> node = tape.Record<LinearNode<T>>(y);
            (node.X, node.Weight, node.Bias) = (x, weight, bias);
        }

        return y;
    }

    /// <summary>The linear map followed by an activation, in one pass: Y = f(X·Wᵀ + b).</summary>
    /// <param name="x">[..., In].</param>
    /// <param name="weight">[Out, In].</param>
    /// <param name="bias">[Out], or null for none.</param>
    /// <returns>[..., Out].</returns>
    /// <exception cref="ShapeException">The shapes do not go together.</exception>
    public static Variable<T> Linear<T, TFunction>(this Variable<T> x, Variable<T> weight, Variable<T>? bias = null)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TFunction : struct, IActivation<T>
    {
        Tape<T> tape = Tape<T>.Of(x, weight, bias);
        Variable<T> y = tape.Result(OutputShape(x, weight), Requires(x, weight, bias));
        Tensor<T> slope = y.RequiresGradient ? tape.Allocate<T>(y.Shape) : y.Value;
        Gemm.Linear<T, TFunction>(x.Value, weight.Value, bias is null ? default : bias.Value, slope, y.Value);
        if (y.RequiresGradient)
        {
            ActivatedLinearNode<T> node = tape.Record<ActivatedLinearNode<T>>(y);
            (node.Tape, node.X, node.Weight, node.Bias, node.Slope) = (tape, x, weight, bias, node.Save(slope));
        }

        return y;
    }

    private static Shape OutputShape<T>(Variable<T> x, Variable<T> weight)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        x.Shape.Rank >= 1 && weight.Shape.Rank == 2 && weight.Shape[1] == x.Shape[-1]
            ? x.Shape.With(-1, weight.Shape[0])
            : throw new ShapeException("Linear", x.Shape, weight.Shape, "[..., In] goes with a weight [Out, In]");

    private static bool Requires<T>(Variable<T> x, Variable<T> weight, Variable<T>? bias)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        x.RequiresGradient || weight.RequiresGradient || bias is { RequiresGradient: true };

    /// <summary>dX = dY·W, dW = dYᵀ·X, db = the sum of dY's rows.</summary>
    private static void AddGradients<T>(Tensor<T> dy, Variable<T> x, Variable<T> weight, Variable<T>? bias)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int rows = checked((int)dy.Shape.Without(-1).Count);
        Tensor<T> dyRows = dy.Reshape([rows, dy.Shape[-1]]), xRows = x.Value.Reshape([rows, x.Shape[-1]]);
        bool accumulateWeight = false;
        Tensor<T> dweight = weight.RequiresGradient ? weight.GradientTarget(out accumulateWeight) : default;
        if (bias is { RequiresGradient: true })
        {
            Tensor<T> dbias = bias.GradientTarget(out bool accumulateBias);
            Gemm.LinearGradients(dyRows, xRows, dweight, accumulateWeight, dbias, accumulateBias);
        }
        else if (weight.RequiresGradient)
            Gemm.Multiply(dyRows.Transpose(0, 1), xRows, dweight, accumulateWeight);

        if (x.RequiresGradient)
        {
            Tensor<T> target = x.GradientTarget(out bool accumulate);
            Gemm.Multiply(dy, weight.Value, target, accumulate);
        }
    }

    /// <summary>Operations of X·Wᵀ, and as many for each of the two gradients.</summary>
    private static double OperationsOf<T>(Variable<T> x, Variable<T> weight)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => 2.0 * x.Shape.Count * weight.Shape[0];

    private static double BackwardOperationsOf<T>(Variable<T> x, Variable<T> weight)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        OperationsOf(x, weight) * ((x.RequiresGradient ? 1 : 0) + (weight.RequiresGradient ? 1 : 0));

    private sealed class LinearNode<T> : Node<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public Variable<T> X = null!;
        public Variable<T> Weight = null!;
        public Variable<T>? Bias;

        public override string Name => $"{base.Name} {Weight.Shape}";

        public override double ForwardOperations => OperationsOf(X, Weight);

        public override double BackwardOperations => BackwardOperationsOf(X, Weight);

        protected internal override void Backward() => AddGradients(Output.Gradient, X, Weight, Bias);
    }

    private sealed class ActivatedLinearNode<T> : Node<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public Tape<T> Tape = null!;
        public Variable<T> X = null!;
        public Variable<T> Weight = null!;
        public Variable<T>? Bias;
        public Tensor<T> Slope;

        public override string Name => $"{base.Name} {Weight.Shape}";

        public override double ForwardOperations => OperationsOf(X, Weight);

        public override double BackwardOperations => BackwardOperationsOf(X, Weight);

        protected internal override void Backward()
        {
            // The gradient of the pre-activation takes the place of that of the output, unless somebody else reads that.
            Tensor<T> dy = Output.Gradient;
            Tensor<T> dz = Output.MayOverwriteGradient ? dy : Save(Tape.Allocate<T>(dy.Shape));
            Elementwise.Multiply(dy, Slope, dz);
            AddGradients(dz, X, Weight, Bias);
        }
    }
}
