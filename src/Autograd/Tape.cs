using System.Numerics;
using System.Runtime.InteropServices;
using MiniGpt.Tensors;

namespace MiniGpt.Autograd;

/// <summary>
/// The record of one step: a list of nodes that only grows, walked from its end by <see cref="Backward(Variable{T})"/>. Values live in its
/// arena, so that <see cref="Reset"/> frees everything at once.
/// </summary>
/// <remarks>
/// Steps repeat themselves, so nodes and variables are kept and taken again by their position: from the second step on, recording
/// allocates nothing. A tape belongs to one thread at a time; kernels beneath it use all of them.
/// </remarks>
public sealed class Tape<T> : IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Arena _arena = new();
    private readonly List<Node<T>> _nodes = [];
    private readonly List<Variable<T>> _variables = [];
    private int _nodeCount;
    private int _variableCount;

    /// <summary>Makes an empty tape.</summary>
    /// <param name="records">Whether operators leave nodes; false where no gradient is wanted.</param>
    public Tape(bool records = true) => Records = records;

    /// <summary>Whether operators leave nodes.</summary>
    public bool Records { get; }

    /// <summary>Where the time of each operator is counted; null to count nothing.</summary>
    public Profile? Profile { get; set; }

    /// <summary>
    /// Is told, when a node has run backward, how many are left: gradients that are complete by then can be used while the pass goes on.
    /// </summary>
    public Action<int>? Passed { get; set; }

    /// <summary>Ends the work between two operators, forward and backward, by an <see cref="OperationCanceledException"/>; a reset makes the tape usable again.</summary>
    public CancellationToken Cancellation { get; set; }

    /// <summary>The nodes since the last reset, in the order of the forward pass.</summary>
    public ReadOnlySpan<Node<T>> Nodes => CollectionsMarshal.AsSpan(_nodes)[.._nodeCount];

    /// <summary>Bytes of memory held for values and gradients.</summary>
    public long Capacity => _arena.Capacity;

    /// <summary>The tape that operators on these variables write to: that of the first one which has one.</summary>
    /// <exception cref="ArgumentException">None has: all are parameters.</exception>
    public static Tape<T> Of(Variable<T> a, Variable<T>? b = null, Variable<T>? c = null) =>
        a.Tape ?? b?.Tape ?? c?.Tape ?? throw new ArgumentException(
            "None of these variables is on a tape; bring one in by Tape.Constant, Tape.Leaf or an embedding.");

    /// <summary>Memory that lives until the reset; its content is not cleared.</summary>
    public Tensor<TElement> Allocate<TElement>(Shape shape)
        where TElement : unmanaged => _arena.Allocate<TElement>(shape);

    /// <summary>Gives back memory of <see cref="Allocate{TElement}"/> before the reset.</summary>
    public void Return<TElement>(Tensor<TElement> tensor)
        where TElement : unmanaged => _arena.Return(tensor);

    /// <summary>Copies ids to the tape, so that they are there for the backward pass.</summary>
    /// <exception cref="ArgumentException">Their number is not that of the shape.</exception>
    public Tensor<TElement> Copy<TElement>(ReadOnlySpan<TElement> elements, Shape shape)
        where TElement : unmanaged
    {
        if (elements.Length != shape.Count)
            throw new ArgumentException($"{elements.Length} elements do not fill {shape}.");

        Tensor<TElement> tensor = Allocate<TElement>(shape);
        elements.CopyTo(tensor.Span);
        return tensor;
    }

    /// <summary>Brings in a value that no gradient is wanted for. It is not copied.</summary>
    public Variable<T> Constant(Tensor<T> value) => NextVariable(value, requiresGradient: false, ownsValue: false);

    /// <summary>Brings in a value whose gradient is wanted. It is not copied.</summary>
    public Variable<T> Leaf(Tensor<T> value) => NextVariable(value, requiresGradient: true, ownsValue: false);

    /// <summary>A new variable for an operator's result, its value not yet written.</summary>
    /// <param name="shape">The result's shape.</param>
    /// <param name="requiresGradient">Whether one of the operator's inputs requires a gradient.</param>
    /// <exception cref="OperationCanceledException">The work was cancelled.</exception>
    public Variable<T> Result(Shape shape, bool requiresGradient)
    {
        Cancellation.ThrowIfCancellationRequested();
        return NextVariable(Allocate<T>(shape), requiresGradient && Records, ownsValue: true);
    }

    /// <summary>A new variable for the result of an operator that only looks at its input's memory in another way.</summary>
    /// <param name="input">The operator's input.</param>
    /// <param name="value">The input's value, seen in another way.</param>
    public Variable<T> View(Variable<T> input, Tensor<T> value) =>
        NextVariable(value, input.RequiresGradient && Records, ownsValue: false, viewOf: input);

    /// <summary>
    /// Puts a node on the tape. The object may be one of an earlier step: every field that backward reads is to be set anew.
    /// </summary>
    /// <param name="output">The operator's result, which requires a gradient.</param>
    public TNode Record<TNode>(Variable<T> output)
        where TNode : Node<T>, new()
    {
        TNode node;
        if (_nodeCount == _nodes.Count)
        {
            node = new TNode();
            _nodes.Add(node);
        }
        else if (_nodes[_nodeCount] is TNode known)
            node = known;
        else
        {
            node = new TNode();
            _nodes[_nodeCount] = node;
        }

        _nodeCount++;
        node.Output = output;
        Profile?.Recorded(node);
        return node;
    }

    /// <summary>Fills the gradients of everything that <paramref name="result"/>, a single number, was computed from.</summary>
    /// <exception cref="ArgumentException">The result has more than one element, or no gradient was wanted on the way to it.</exception>
    public void Backward(Variable<T> result)
    {
        if (result.Shape.Count != 1)
            throw new ArgumentException($"Backward starts from a single number; this is {result.Shape}. Give it an upstream gradient.");

        Seed(result).Span[0] = T.One;
        Walk();
    }

    /// <summary>Fills the gradients of the sum of <paramref name="result"/> times <paramref name="upstream"/>, element by element.</summary>
    /// <exception cref="ShapeException">The shapes differ.</exception>
    public void Backward(Variable<T> result, Tensor<T> upstream)
    {
        if (result.Shape != upstream.Shape)
            throw new ShapeException("Backward", result.Shape, upstream.Shape, "the upstream gradient must have the result's shape");

        upstream.Span.CopyTo(Seed(result).Span);
        Walk();
    }

    /// <summary>Forgets everything and takes the memory back; variables of this tape must not be used any more.</summary>
    public void Reset()
    {
        for (int i = 0; i < _variableCount; i++)
            _variables[i].WasReset();

        for (int i = 0; i < _nodeCount; i++)
            _nodes[i].Forget();

        _nodeCount = 0;
        _variableCount = 0;
        _arena.Reset();
    }

    /// <summary>Frees the memory.</summary>
    public void Dispose() => _arena.Dispose();

    private static Tensor<T> Seed(Variable<T> result) => result.RequiresGradient
        ? result.Retain().GradientTarget(out _)
        : throw new ArgumentException("Nothing that this result was computed from requires a gradient, or its tape does not record.");

    private void Walk()
    {
        Profile?.Settle();
        while (_nodeCount > 0)
        {
            Cancellation.ThrowIfCancellationRequested();
            Node<T> node = _nodes[--_nodeCount];
            if (node.Output.HasGradient)
            {
                node.Backward();
                Profile?.Passed(node);
            }

            node.Release(this);
            Passed?.Invoke(_nodeCount);
        }
    }

    private Variable<T> NextVariable(Tensor<T> value, bool requiresGradient, bool ownsValue, Variable<T>? viewOf = null)
    {
        if (_variableCount == _variables.Count)
            _variables.Add(new Variable<T>());

        Variable<T> variable = _variables[_variableCount++];
        variable.Start(this, value, requiresGradient, ownsValue, viewOf);
        return variable;
    }
}
