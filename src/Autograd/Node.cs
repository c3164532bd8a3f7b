using System.Numerics;

namespace MiniGpt.Autograd;

/// <summary>
/// What an operator leaves on the tape: its inputs, what else backward needs, and how a gradient goes through it. Derive from it to write
/// an operator; <see cref="Tape{T}.Record{TNode}"/> hands out the object, which is used again in the next step.
/// </summary>
public abstract class Node<T> : IProfiled
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly List<Tensors.Tensor<T>> _saved = [];

    /// <summary>The operator's name, as a profile shows it.</summary>
    public virtual string Name
    {
        get
        {
            string name = GetType().Name;
            int end = name.IndexOf('`', StringComparison.Ordinal);
            name = end < 0 ? name : name[..end];
            return name.EndsWith("Node", StringComparison.Ordinal) ? name[..^4] : name;
        }
    }

    /// <summary>Floating-point operations of the forward pass in matrix products, the multiplication and the addition each counted.</summary>
    public virtual double ForwardOperations => 0;

    /// <summary>Floating-point operations of <see cref="Backward"/> in matrix products that the gradient asks for.</summary>
    public virtual double BackwardOperations => 0;

    /// <summary>The operator's result. Its gradient is complete when <see cref="Backward"/> is called.</summary>
    protected internal Variable<T> Output { get; internal set; } = null!;

    /// <summary>
    /// Adds this operator's share to the gradient of every input that requires one, by <see cref="Variable{T}.GradientTarget"/>.
    /// </summary>
    protected internal abstract void Backward();

    /// <summary>Keeps a tensor for backward; its memory goes back to the tape afterwards. Allocate it by <see cref="Tape{T}.Allocate{TElement}"/>.</summary>
    protected internal Tensors.Tensor<T> Save(Tensors.Tensor<T> tensor)
    {
        _saved.Add(tensor);
        return tensor;
    }

    internal void Release(Tape<T> tape)
    {
        foreach (Tensors.Tensor<T> tensor in _saved)
            tape.Return(tensor);

        _saved.Clear();
        Output.PassedByBackward(tape);
    }

    internal void Forget() => _saved.Clear();
}
