using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;

namespace MiniGpt.Autograd;

/// <content>
/// Parts of a result, such as the queries in a packed projection: views of its value whose gradients are views of its gradient, so that
/// neither is ever copied.
/// </content>
public sealed partial class Variable<T>
{
    private Variable<T>? _partOf;
    private HeadRange _range;

    // Of a whole: its parts, and whether one of them has written its share of the gradient while the whole is not written to its end.
    private Variable<T>? _parts;
    private Variable<T>? _nextPart;
    private bool _partsBegan;

    /// <summary>Whether a gradient is wanted and nothing was written of it yet, so that the next one to write need not add.</summary>
    internal bool TakesWholeGradient => RequiresGradient && !_hasGradient && !_partsBegan && _partOf is not { _hasGradient: true };

    /// <summary>The part of these heads, where it was taken before; else null.</summary>
    internal Variable<T>? FindPart(HeadRange range)
    {
        Variable<T>? part = _parts;
        while (part is not null && part._range != range)
            part = part._nextPart;

        return part;
    }

    /// <summary>Makes this variable a part of another one; its value is the same part of the other's value.</summary>
    /// <exception cref="ArgumentException">The part overlaps one that was taken before, or has heads of another size.</exception>
    internal void BecomePartOf(Variable<T> whole, HeadRange range)
    {
        for (Variable<T>? part = whole._parts; part is not null; part = part._nextPart)
        {
            if (part._range.Size != range.Size || part._range.Overlaps(range))
            {
                throw new ArgumentException(
                    $"Heads: {range} and {part._range}, which was taken before, overlap or differ in size; their gradients would lie in one place.");
            }
        }

        (_partOf, _range, _nextPart, whole._parts) = (whole, range, whole._parts, this);
    }

    /// <summary>The part of the whole's gradient that is this variable's.</summary>
    private Tensor<T> GradientOfPart(out bool accumulate)
    {
        Variable<T> whole = _partOf!;
        accumulate = _hasGradient || whole._hasGradient;
        if (!_hasGradient)
        {
            whole.PrepareGradient();
            whole._partsBegan |= !whole._hasGradient;
            _gradient = _range.Of(whole._gradient);
            _hasGradient = true;
        }

        return _gradient;
    }

    /// <summary>What no part has written of a gradient that parts began is zero. False where none began it.</summary>
    private bool CompleteParts()
    {
        if (!_partsBegan)
            return false;

        (_partsBegan, _hasGradient) = (false, true);
        int size = _parts!._range.Size;
        for (int head = 0; head < Shape[-1] / size; head++)
        {
            if (WrittenPart(head) is { } part)
                head = part._range.First + part._range.Count - 1;
            else
                Elementwise.Fill(new HeadRange(head, 1, size).Of(_gradient), T.Zero);
        }

        return true;
    }

    private Variable<T>? WrittenPart(int head)
    {
        Variable<T>? part = _parts;
        while (part is not null && !(part._hasGradient && head >= part._range.First && head < part._range.First + part._range.Count))
            part = part._nextPart;

        return part;
    }
}

/// <summary>Some heads that lie side by side in the innermost axis of a tensor [B, T, W].</summary>
/// <param name="First">The first head.</param>
/// <param name="Count">How many.</param>
/// <param name="Size">D, the width of each: a divisor of W.</param>
internal readonly record struct HeadRange(int First, int Count, int Size)
{
    /// <summary>[B, T, W] as a view [B, heads, T, D].</summary>
    public Tensor<T> Of<T>(Tensor<T> whole)
        where T : unmanaged =>
        whole.Reshape([whole.Shape[0], whole.Shape[1], whole.Shape[2] / Size, Size]).Slice(2, First, Count).Transpose(1, 2);

    /// <summary>Whether a head is in both, where heads have one size.</summary>
    public bool Overlaps(HeadRange other) => First < other.First + other.Count && other.First < First + Count;
}
