using MiniGpt.Tensors;

namespace MiniGpt.Model.Layers;

/// <summary>Which positions of the rows of a batch are padding: they fill up shorter texts, and nothing looks at them.</summary>
public sealed class PaddingMask
{
    /// <summary>[B, T]: 1 where a position is padding, else 0; alive until after the backward pass.</summary>
    public required Tensor<byte> Marks { get; set; }
}
