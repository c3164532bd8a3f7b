using System.Numerics;
using MiniGpt.Autograd;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors;

namespace MiniGpt.Model.Architectures;

/// <summary>What an encoder computes on the way from one text to its logits.</summary>
/// <typeparam name="T">The precision of the model.</typeparam>
public sealed class EncoderTrace<T> : TextTrace<T>, IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Tape<T> _tape = new(records: false);

    internal EncoderTrace(Encoder<T> model, ReadOnlySpan<int> ids, ReadOnlySpan<int> segments)
        : base(model, ids, model.Config.Layers) =>
        model.Logits(_tape.Copy(ids, [1, ids.Length]), new ForwardPass<T>(_tape) { Observer = this },
            segments.IsEmpty ? default : _tape.Copy(segments, [1, segments.Length]));

    /// <summary>[T, V]: row t is about the token at position t.</summary>
    public Tensor<T> Logits => Of(ForwardStage.Logits);

    /// <summary>Frees the memory: no tensor of this trace may be read any more.</summary>
    public void Dispose() => _tape.Dispose();
}
