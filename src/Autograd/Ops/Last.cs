using System.Numerics;

namespace MiniGpt.Autograd.Ops;

/// <summary>The end of an axis.</summary>
public static class LastOperator
{
    /// <summary>The last index of an axis, which stays with size 1. Where nothing is recorded it is a view and costs nothing.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such axis, or it is empty.</exception>
    public static Variable<T> Last<T>(this Variable<T> x, int axis)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int size = x.Shape[axis];
        if (size == 1)
            return x;

        Tape<T> tape = Tape<T>.Of(x);
        return tape.Records && x.RequiresGradient ? x.Slice(axis, size - 1, 1) : tape.View(x, x.Value.Slice(axis, size - 1, 1));
    }
}
