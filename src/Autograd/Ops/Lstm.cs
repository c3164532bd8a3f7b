using System.Numerics;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;

namespace MiniGpt.Autograd.Ops;

/// <summary>
/// Long short-term memory (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000): beside the state a cell that is added to
/// rather than rewritten, so that its gradient reaches far back.
/// </summary>
public static class LstmOperator
{
    private const int Gates = 4;

    /// <summary>
    /// With the gates input, forget, candidate and output side by side: i, f, o = sigmoid(x + u), g = tanh(x + u),
    /// c(t) = f · c(t − 1) + i · g and h(t) = o · tanh(c(t)), where u = W·h(t − 1).
    /// </summary>
    /// <param name="x">What the inputs give, biases included, [B, T, 4H]: a linear map of all steps at once.</param>
    /// <param name="weight">W, the recurrent weight, [4H, H].</param>
    /// <param name="state">h before the first step, [B, H]; null for zeros.</param>
    /// <param name="cell">c before the first step, [B, H]; null for zeros.</param>
    /// <param name="isReversed">Whether the walk goes from the last step to the first.</param>
    /// <returns>The state after each step, [B, T, H], and the cell after the last one, [B, H].</returns>
    /// <exception cref="ShapeException">The shapes do not go together.</exception>
    public static (Variable<T> States, Variable<T> LastCell) Lstm<T>(
        this Variable<T> x, Variable<T> weight, Variable<T>? state = null, Variable<T>? cell = null, bool isReversed = false)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Run(new("Lstm", Gates, x, weight, null, isReversed), state, cell);

    /// <summary>The same with a weight that is laid out to be read, on a tape that does not record.</summary>
    /// <inheritdoc cref="Lstm{T}(Variable{T}, Variable{T}, Variable{T}, Variable{T}, bool)"/>
    /// <exception cref="InvalidOperationException">The tape records.</exception>
    public static (Variable<T> States, Variable<T> LastCell) Lstm<T>(
        this Variable<T> x, WeightMatrix<T> weight, Variable<T>? state = null, Variable<T>? cell = null, bool isReversed = false)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Run(new("Lstm", Gates, x, weight, null, isReversed), state, cell);

    private static (Variable<T> States, Variable<T> LastCell) Run<T>(in Recurrence<T> walk, Variable<T>? state, Variable<T>? cell)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Variable<T> x = walk.X;
        Tape<T> tape = walk.Tape;
        Tensor<T> states = walk.Begin(state), cells = walk.Begin(cell), laidOut = walk.LaidOut();
        bool requiresGradient = walk.RequiresGradient || state is { RequiresGradient: true } || cell is { RequiresGradient: true };
        Variable<T> y = tape.Result(x.Shape.With(2, walk.Width), requiresGradient);
        Variable<T> lastCell = tape.Result([walk.Examples, walk.Width], requiresGradient);
        int kept = y.RequiresGradient ? walk.Steps : 1;
        Tensor<T> gates = tape.Allocate<T>([kept, walk.Examples, Gates * walk.Width]);
        for (int step = 0; step < walk.Steps; step++)
        {
            Tensor<T> before = Recurrence<T>.Kept(states, step), those = Recurrence<T>.Kept(gates, Math.Min(step, kept - 1));
            walk.Multiply(before, laidOut, those);
            LstmCell.Forward(
                walk.Step(x.Value, step), those, Recurrence<T>.Kept(cells, step), Recurrence<T>.Kept(cells, step + 1),
                Recurrence<T>.Kept(states, step + 1), walk.Step(y.Value, step));
        }

        Elementwise.Copy(Recurrence<T>.Kept(cells, walk.Steps), lastCell.Value);
        if (y.RequiresGradient)
        {
            LstmNode<T> node = tape.Record<LstmNode<T>>(y);
            (node.Walk, node.State, node.Cell, node.LastCellGradient) = (walk, state, cell, default);
            (node.States, node.Cells, node.GateValues) = (node.Save(states), node.Save(cells), node.Save(gates));
            tape.Record<LastCellNode<T>>(lastCell).Lstm = node;
        }

        return (y, lastCell);
    }

    private sealed class LstmNode<T> : Node<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public Recurrence<T> Walk;
        public Variable<T>? State;
        public Variable<T>? Cell;
        public Tensor<T> States;
        public Tensor<T> Cells;
        public Tensor<T> GateValues;
        public Tensor<T> LastCellGradient;

        public override double ForwardOperations => Walk.Operations;

        public override double BackwardOperations => 2 * Walk.Operations;

        protected internal override void Backward()
        {
            Tensor<T> dstate = Save(Walk.Zeros());
            Tensor<T> dcell = LastCellGradient.IsEmpty ? Save(Walk.Zeros()) : LastCellGradient;
            Tensor<T> dx = Walk.GradientOfX(out bool accumulate);
            for (int step = Walk.Steps - 1; step >= 0; step--)
            {
                Tensor<T> gates = Recurrence<T>.Kept(GateValues, step); // their gradients take their place
                LstmCell.Backward(
                    gates, Recurrence<T>.Kept(Cells, step), Recurrence<T>.Kept(Cells, step + 1), Walk.Step(Output.Gradient, step), dstate, dcell,
                    dx.IsEmpty ? dx : Walk.Step(dx, step), accumulate);
                Gemm.Multiply(gates, Walk.Weight.Value, dstate);
            }

            Walk.AddParameterGradients(GateValues, States);
            if (State is { RequiresGradient: true })
                State.AddGradient(dstate);

            if (Cell is { RequiresGradient: true })
                Cell.AddGradient(dcell);
        }
    }

    /// <summary>Hands the gradient of the last cell to the walk, whose node comes before on the tape and so runs backward after this one.</summary>
    private sealed class LastCellNode<T> : Node<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public LstmNode<T> Lstm = null!;

        protected internal override void Backward()
        {
            Lstm.LastCellGradient = Lstm.Save(Lstm.Walk.Tape.Allocate<T>(Output.Shape));
            Elementwise.Copy(Output.Gradient, Lstm.LastCellGradient);
            if (!Lstm.Output.HasGradient)
                Elementwise.Fill(Lstm.Output.GradientTarget(out _), T.Zero); // it is walked although nobody looks at its states
        }
    }
}
