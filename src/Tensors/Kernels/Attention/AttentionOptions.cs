using System.Numerics;

namespace MiniGpt.Tensors.Kernels;

/// <summary>What an attention lets a query see, and how its scores are scaled.</summary>
/// <typeparam name="T">The precision.</typeparam>
public readonly record struct AttentionOptions<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Multiplies the scores; 1/√d where scores are dot products of d numbers.</summary>
    public required T Scale { get; init; }

    /// <summary>Whether query i sees only the keys up to position <see cref="FirstQuery"/> + i.</summary>
    public bool Causal { get; init; }

    /// <summary>The position of the first query among the keys: the number of keys that were there before, when decoding with a cache.</summary>
    public int FirstQuery { get; init; }

    /// <summary>[B, Tk]; a key whose byte is not 0 is padding, and no query sees it. Empty: all are seen.</summary>
    public Tensor<byte> Padding { get; init; }

    /// <summary>
    /// Added to the scaled scores: [Tq, Tk], or of three or four axes that broadcast to [B, H, Tq, Tk]; the keys must lie without gaps.
    /// -infinity hides a key. Empty: nothing is added. A constant: it gets no gradient.
    /// </summary>
    public Tensor<T> Mask { get; init; }

    /// <summary>
    /// Bounds the scaled scores s, before the mask is added, to softCap · tanh(s / softCap) (Gemma 2, Riviere et al. 2024). 0: no bound.
    /// </summary>
    public T SoftCap { get; init; }

    /// <summary>Whether scores need more than scaling and hiding, and so a pass of their own.</summary>
    internal bool ChangesScores => SoftCap > T.Zero || !Mask.IsEmpty;

    /// <summary>The probability with which a weight is dropped in training.</summary>
    public double Dropout { get; init; }

    /// <summary>Decides which weights are dropped; element ((b · H + h) · Tq + i) · Tk + j of the stream belongs to one weight.</summary>
    public RandomStream DropoutStream { get; init; }
}
