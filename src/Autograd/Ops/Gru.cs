using System.Numerics;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;

namespace MiniGpt.Autograd.Ops;

/// <summary>Gated recurrent units (Cho et al. 2014): a gate decides how much of the state is rewritten, another one what of it is seen.</summary>
public static class GruOperator
{
    private const int Gates = 3;

    /// <summary>
    /// With the gates reset, update and candidate side by side: r = sigmoid(xᵣ + uᵣ), z = sigmoid(x_z + u_z), n = tanh(xₙ + r · uₙ) and
    /// h(t) = (1 − z) · n + z · h(t − 1), where u = W·h(t − 1) + b.
    /// </summary>
    /// <param name="x">What the inputs give, their bias included, [B, T, 3H]: a linear map of all steps at once.</param>
    /// <param name="weight">W, the recurrent weight, [3H, H].</param>
    /// <param name="bias">b, the recurrent bias, [3H]; null for none.</param>
    /// <param name="state">h before the first step, [B, H]; null for zeros.</param>
    /// <param name="isReversed">Whether the walk goes from the last step to the first.</param>
    /// <returns>The state after each step, [B, T, H].</returns>
    /// <exception cref="ShapeException">The shapes do not go together.</exception>
    public static Variable<T> Gru<T>(
        this Variable<T> x, Variable<T> weight, Variable<T>? bias = null, Variable<T>? state = null, bool isReversed = false)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Run(new("Gru", Gates, x, weight, bias, isReversed), state);

    /// <summary>The same with a weight that is laid out to be read, on a tape that does not record.</summary>
    /// <inheritdoc cref="Gru{T}(Variable{T}, Variable{T}, Variable{T}, Variable{T}, bool)"/>
    /// <exception cref="InvalidOperationException">The tape records.</exception>
    public static Variable<T> Gru<T>(
        this Variable<T> x, WeightMatrix<T> weight, Variable<T>? bias = null, Variable<T>? state = null, bool isReversed = false)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Run(new("Gru", Gates, x, weight, bias, isReversed), state);

    private static Variable<T> Run<T>(in Recurrence<T> walk, Variable<T>? state)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Variable<T> x = walk.X;
        Tape<T> tape = walk.Tape;
        Tensor<T> states = walk.Begin(state), laidOut = walk.LaidOut();
        Variable<T> y = tape.Result(x.Shape.With(2, walk.Width), walk.RequiresGradient || state is { RequiresGradient: true });
        int kept = y.RequiresGradient ? walk.Steps : 1;
        Tensor<T> gates = tape.Allocate<T>([kept, walk.Examples, Gates * walk.Width]);
        Tensor<T> candidates = y.RequiresGradient ? tape.Allocate<T>([kept, walk.Examples, walk.Width]) : default;
        for (int step = 0; step < walk.Steps; step++)
        {
            Tensor<T> before = Recurrence<T>.Kept(states, step), those = Recurrence<T>.Kept(gates, Math.Min(step, kept - 1));
            walk.Multiply(before, laidOut, those);
            GruCell.Forward(
                walk.Step(x.Value, step), those, candidates.IsEmpty ? candidates : Recurrence<T>.Kept(candidates, step), before,
                Recurrence<T>.Kept(states, step + 1), walk.Step(y.Value, step));
        }

        if (y.RequiresGradient)
        {
            GruNode<T> node = tape.Record<GruNode<T>>(y);
            (node.Walk, node.State) = (walk, state);
            (node.States, node.GateValues, node.Candidates) = (node.Save(states), node.Save(gates), node.Save(candidates));
        }

        return y;
    }

    private sealed class GruNode<T> : Node<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public Recurrence<T> Walk;
        public Variable<T>? State;
        public Tensor<T> States;
        public Tensor<T> GateValues;
        public Tensor<T> Candidates;

        public override double ForwardOperations => Walk.Operations;

        public override double BackwardOperations => 2 * Walk.Operations;

        protected internal override void Backward()
        {
            Tensor<T> dstate = Save(Walk.Zeros());
            Tensor<T> dx = Walk.GradientOfX(out bool accumulate);
            for (int step = Walk.Steps - 1; step >= 0; step--)
            {
                Tensor<T> gates = Recurrence<T>.Kept(GateValues, step); // their gradients take their place
                GruCell.Backward(
                    gates, Recurrence<T>.Kept(Candidates, step), Recurrence<T>.Kept(States, step), Walk.Step(Output.Gradient, step), dstate,
                    dx.IsEmpty ? dx : Walk.Step(dx, step), accumulate);
                Gemm.Multiply(gates, Walk.Weight.Value, dstate, accumulate: true);
            }

            Walk.AddParameterGradients(GateValues, States);
            if (State is { RequiresGradient: true })
                State.AddGradient(dstate);
        }
    }
}
