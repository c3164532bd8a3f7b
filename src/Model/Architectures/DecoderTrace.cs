using System.Numerics;
using MiniGpt.Autograd;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors;

namespace MiniGpt.Model.Architectures;

/// <summary>What a model computes on the way from one text to its logits.</summary>
/// <typeparam name="T">The precision of the model.</typeparam>
/// <example><code>
/// using DecoderTrace&lt;float&gt; trace = model.Trace(tokenizer.Encode("To be"));
/// float weight = trace.Blocks[1].Weights[2, 4, 0]; // layer 2, head 3: how much position 4 takes from position 0
/// </code></example>
public sealed class DecoderTrace<T> : TextTrace<T>, IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Tape<T> _tape = new(records: false);

    internal DecoderTrace(Decoder<T> model, ReadOnlySpan<int> ids)
        : base(model, ids, model.Config.Layers) =>
        model.Logits(_tape.Copy(ids, [1, ids.Length]), new ForwardPass<T>(_tape) { Observer = this });

    /// <summary>[T, V]: row t is about the token after position t.</summary>
    public Tensor<T> Logits => Of(ForwardStage.Logits);

    /// <summary>Frees the memory: no tensor of this trace may be read any more.</summary>
    public void Dispose() => _tape.Dispose();
}
