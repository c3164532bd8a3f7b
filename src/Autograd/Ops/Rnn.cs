using System.Numerics;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;

namespace MiniGpt.Autograd.Ops;

/// <summary>The recurrent network of Elman (1990): one state, rewritten by every step.</summary>
public static class RnnOperator
{
    /// <summary>h(t) = tanh(x(t) + W·h(t − 1)), step after step.</summary>
    /// <param name="x">What the inputs give, biases included, [B, T, H]: a linear map of all steps at once.</param>
    /// <param name="weight">W, the recurrent weight, [H, H].</param>
    /// <param name="state">h before the first step, [B, H]; null for zeros.</param>
    /// <param name="isReversed">Whether the walk goes from the last step to the first.</param>
    /// <returns>The state after each step, [B, T, H].</returns>
    /// <exception cref="ShapeException">The shapes do not go together.</exception>
    public static Variable<T> Rnn<T>(this Variable<T> x, Variable<T> weight, Variable<T>? state = null, bool isReversed = false)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Run(new("Rnn", 1, x, weight, null, isReversed), state);

    /// <summary>The same with a weight that is laid out to be read, on a tape that does not record.</summary>
    /// <inheritdoc cref="Rnn{T}(Variable{T}, Variable{T}, Variable{T}, bool)"/>
    /// <exception cref="InvalidOperationException">The tape records.</exception>
    public static Variable<T> Rnn<T>(this Variable<T> x, WeightMatrix<T> weight, Variable<T>? state = null, bool isReversed = false)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Run(new("Rnn", 1, x, weight, null, isReversed), state);

    private static Variable<T> Run<T>(in Recurrence<T> walk, Variable<T>? state)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Variable<T> x = walk.X;
        Tensor<T> states = walk.Begin(state), laidOut = walk.LaidOut();
        Variable<T> y = walk.Tape.Result(x.Shape, walk.RequiresGradient || state is { RequiresGradient: true });
        for (int step = 0; step < walk.Steps; step++)
        {
            Tensor<T> next = Recurrence<T>.Kept(states, step + 1);
            walk.Multiply(Recurrence<T>.Kept(states, step), laidOut, next);
            RnnCell.Forward(walk.Step(x.Value, step), next, walk.Step(y.Value, step));
        }

        if (y.RequiresGradient)
        {
            RnnNode<T> node = walk.Tape.Record<RnnNode<T>>(y);
            (node.Walk, node.State, node.States) = (walk, state, node.Save(states));
        }

        return y;
    }

    private sealed class RnnNode<T> : Node<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public Recurrence<T> Walk;
        public Variable<T>? State;
        public Tensor<T> States;

        public override double ForwardOperations => Walk.Operations;

        public override double BackwardOperations => 2 * Walk.Operations;

        protected internal override void Backward()
        {
            Tensor<T> dstate = Save(Walk.Zeros());
            Tensor<T> gradients = Save(Walk.Tape.Allocate<T>([Walk.Steps, Walk.Examples, Walk.Width]));
            Tensor<T> dx = Walk.GradientOfX(out bool accumulate);
            for (int step = Walk.Steps - 1; step >= 0; step--)
            {
                Tensor<T> dsum = Recurrence<T>.Kept(gradients, step);
                RnnCell.Backward(
                    Recurrence<T>.Kept(States, step + 1), Walk.Step(Output.Gradient, step), dstate, dsum,
                    dx.IsEmpty ? dx : Walk.Step(dx, step), accumulate);
                Gemm.Multiply(dsum, Walk.Weight.Value, dstate);
            }

            Walk.AddParameterGradients(gradients, States);
            if (State is { RequiresGradient: true })
                State.AddGradient(dstate);
        }
    }
}
