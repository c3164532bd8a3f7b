using System.Numerics;
using MiniGpt.Tensors;

namespace MiniGpt.Autograd.Ops;

/// <summary>The heads that lie side by side in a projection, each part seen as queries, keys or values: no copy either way.</summary>
public static class HeadsOperator
{
    /// <summary>A view of some heads of a packed projection. Its gradient is written where the projection's gradient lies.</summary>
    /// <param name="packed">[B, T, W], a result on a tape.</param>
    /// <param name="first">The first head, in heads of this size.</param>
    /// <param name="count">H, how many heads.</param>
    /// <param name="size">D, the width of a head: a divisor of W.</param>
    /// <returns>[B, H, T, D].</returns>
    /// <exception cref="ArgumentException">
    /// The variable is not on a tape, the heads are not inside of it, or overlap others that were taken before.
    /// </exception>
    public static Variable<T> Heads<T>(this Variable<T> packed, int first, int count, int size)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Shape shape = packed.Shape;
        if (shape.Rank != 3 || size < 1 || shape[2] % size != 0 || first < 0 || count < 1 || first > shape[2] / size - count)
            throw new ArgumentException($"Heads: {count} heads of {size} from the head {first} on are not inside of {shape}, [B, T, W].");

        if (packed.Tape is not { } tape)
            throw new ArgumentException("Heads: a projection on a tape has heads; bring a tensor in by Tape.Leaf.");

        HeadRange range = new(first, count, size);
        if (packed.FindPart(range) is { } known)
            return known;

        Variable<T> part = tape.View(packed, range.Of(packed.Value));
        part.BecomePartOf(packed, range);
        return part;
    }
}
