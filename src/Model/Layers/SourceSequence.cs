using System.Numerics;
using MiniGpt.Autograd;

namespace MiniGpt.Model.Layers;

/// <summary>The sequence that blocks look at beside their own: what an encoder made of the text to translate.</summary>
public sealed class SourceSequence<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>[B, S, C]: the last hidden state of the encoder.</summary>
    public required Variable<T> Hidden { get; set; }

    /// <summary>Which of its positions are padding; null where none is.</summary>
    public PaddingMask? Padding { get; set; }
}
