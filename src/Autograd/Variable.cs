using System.Numerics;
using MiniGpt.Tensors;

namespace MiniGpt.Autograd;

/// <summary>
/// A tensor that knows how it came about: operators on variables compute values and leave nodes on a <see cref="Tape{T}"/>, which
/// <see cref="Tape{T}.Backward(Variable{T})"/> walks from the end to fill the gradients.
/// </summary>
/// <remarks>
/// A parameter or another leaf lives as long as its owner wants. The result of an operator lives until its tape is reset, and its value
/// until the backward pass has gone past it, when the memory is used again; <see cref="Retain"/> keeps it.
/// </remarks>
public sealed partial class Variable<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private Tensor<T> _value;
    private Tensor<T> _gradient;
    private State _state;
    private Variable<T>? _viewOf;
    private bool _ownsValue;
    private bool _retained;
    private bool _hasGradient;

    // Two variables with the same gradient read one memory, the lender's, until one of them is added to or the lender's is used again.
    private Variable<T>? _lender;
    private Variable<T>? _borrower;

    /// <summary>Makes a leaf, such as a parameter.</summary>
    /// <param name="value">The value; not copied.</param>
    /// <param name="requiresGradient">Whether a gradient is wanted. It gets memory of its own at the first use, or that of <see cref="KeepGradientIn"/>.</param>
    public Variable(Tensor<T> value, bool requiresGradient = true)
    {
        _value = value;
        RequiresGradient = requiresGradient;
    }

    internal Variable()
    {
    }

    private enum State
    {
        Live,
        PassedByBackward,
        Reset,
    }

    /// <summary>The value.</summary>
    /// <exception cref="InvalidOperationException">The backward pass or a reset of the tape took the memory back.</exception>
    public Tensor<T> Value => _state switch
    {
        State.Live => _value,
        State.PassedByBackward => throw new InvalidOperationException(
            "The backward pass has used this variable's memory again; call Retain() before it to keep the value."),
        _ => throw new InvalidOperationException("The tape of this variable was reset."),
    };

    /// <summary>The sizes of the axes.</summary>
    public Shape Shape => _value.Shape;

    /// <summary>Whether a gradient is wanted: for a leaf, as set; for a result, if one of its inputs wants one and the tape records.</summary>
    public bool RequiresGradient { get; set; }

    /// <summary>Whether a gradient has arrived since the last <see cref="ClearGradient"/>, if only in some of its parts.</summary>
    public bool HasGradient
    {
        get => _hasGradient || CompleteParts();
        private set => _hasGradient = value;
    }

    /// <summary>The gradient of what <see cref="Tape{T}.Backward(Variable{T})"/> was called on with respect to this variable.</summary>
    /// <exception cref="InvalidOperationException">None has arrived.</exception>
    public Tensor<T> Gradient => HasGradient
        ? _gradient
        : throw new InvalidOperationException($"No gradient has reached this variable of shape {Shape}.");

    /// <summary>How often a node has written to the gradient of this leaf, or added to it, since it was made.</summary>
    public int GradientWrites { get; private set; }

    internal Tape<T>? Tape { get; private set; }

    /// <summary>Whether nobody will read the gradient after this variable's node has run backward.</summary>
    internal bool MayOverwriteGradient => !_retained && _lender is null && _borrower is null;

    /// <summary>Keeps value and gradient of an operator's result past the backward pass, until the tape is reset.</summary>
    public Variable<T> Retain()
    {
        _retained = true;
        _viewOf?.Retain(); // the memory is the other one's
        return this;
    }

    /// <summary>Gives a leaf's gradient its place: a part of a buffer that the optimizer goes through in one pass.</summary>
    /// <exception cref="ShapeException">The shapes differ.</exception>
    public void KeepGradientIn(Tensor<T> memory)
    {
        if (memory.Shape != Shape)
            throw new ShapeException("Variable", Shape, memory.Shape, "value and gradient must have one shape");

        _gradient = memory;
        HasGradient = false;
    }

    /// <summary>Forgets the gradient: the next one overwrites it. Costs nothing.</summary>
    public void ClearGradient()
    {
        (_hasGradient, _partsBegan) = (false, false);
        for (Variable<T>? part = _parts; part is not null; part = part._nextPart)
            part._hasGradient = false;
    }

    /// <summary>
    /// The tensor that a node's backward writes this variable's gradient to. The first one to write overwrites, later ones add: so nothing
    /// needs to be zeroed.
    /// </summary>
    /// <param name="accumulate">Whether to add to what is there.</param>
    public Tensor<T> GradientTarget(out bool accumulate)
    {
        if (_partOf is not null)
            return GradientOfPart(out accumulate);

        GradientWrites++;
        accumulate = HasGradient;
        PrepareGradient();
        HasGradient = true;
        return _gradient;
    }

    private void PrepareGradient()
    {
        StopSharing();
        if (_gradient.IsEmpty)
            _gradient = Tape is null ? new Tensor<T>(Shape) : Tape.Allocate<T>(Shape);
    }

    /// <summary>
    /// Makes the gradient of a result, whose node is running backward, this variable's own, without a copy; false where its memory is
    /// wanted otherwise, or there is one already.
    /// </summary>
    internal bool TryTakeGradient(Variable<T> result)
    {
        if (Tape is null || _partOf is not null || HasGradient || Shape != result.Shape || !result.MayOverwriteGradient)
            return false;

        _gradient = result._gradient;
        HasGradient = true;
        result._gradient = default;
        result.HasGradient = false;
        return true;
    }

    /// <summary>Reads another variable's gradient as its own, as long as neither changes; false where there is one already.</summary>
    internal bool TryBorrowGradient(Variable<T> lender)
    {
        if (Tape is null || _partOf is not null || HasGradient || _retained || Shape != lender.Shape || lender._borrower is not null
            || lender._lender is not null)
        {
            return false;
        }

        (_lender, lender._borrower) = (lender, this);
        _gradient = lender._gradient;
        HasGradient = true;
        return true;
    }

    /// <summary>Before the gradient changes, or its memory is used again: who shares it gets a copy.</summary>
    private void StopSharing()
    {
        Variable<T>? borrower = _lender is null ? _borrower : this;
        if (borrower?._lender is { } lender)
        {
            borrower._gradient = Tape!.Allocate<T>(Shape);
            lender._gradient.Span.CopyTo(borrower._gradient.Span);
            (borrower._lender, lender._borrower) = (null, null);
        }
    }

    internal void Start(Tape<T> tape, Tensor<T> value, bool requiresGradient, bool ownsValue, Variable<T>? viewOf)
    {
        Tape = tape;
        _value = value;
        _viewOf = viewOf;
        _gradient = default;
        (_lender, _borrower) = (null, null);
        (_partOf, _parts, _nextPart, _partsBegan) = (null, null, null, false);
        _state = State.Live;
        _ownsValue = ownsValue;
        _retained = false;
        RequiresGradient = requiresGradient;
        HasGradient = false;
    }

    /// <summary>Called when the node that made this variable has run backward: nobody reads it any more.</summary>
    internal void PassedByBackward(Tape<T> tape)
    {
        if (_retained)
            return;

        _state = State.PassedByBackward;
        if (_ownsValue)
            tape.Return(_value);

        if (_lender is not null)
            (_lender._borrower, _lender) = (null, null);
        else if (HasGradient)
        {
            StopSharing();
            tape.Return(_gradient);
        }

        HasGradient = false;
    }

    internal void WasReset()
    {
        _state = State.Reset;
        HasGradient = false;
    }
}
