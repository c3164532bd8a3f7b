using System.Numerics;
using MiniGpt.Autograd;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors;

namespace MiniGpt.Model.Architectures;

/// <summary>What a translator computes on the way from a text and its translation to the logits of each next token.</summary>
/// <typeparam name="T">The precision of the model.</typeparam>
public sealed class TranslationTrace<T> : TextTrace<T>, IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Tape<T> _tape = new(records: false);

    internal TranslationTrace(Translator<T> model, ReadOnlySpan<int> source, ReadOnlySpan<int> ids)
        : base(model, ids, model.Config.Layers)
    {
        Source = new SourceTrace<T>(model, source, _tape);
        model.Logits(_tape.Copy(ids, [1, ids.Length]), new ForwardPass<T>(_tape) { Source = new() { Hidden = Source.Encoded }, Observer = this });
    }

    /// <summary>What the encoder computes of the text that is translated.</summary>
    public SourceTrace<T> Source { get; }

    /// <summary>[T, V]: row t is about the token of the translation after position t.</summary>
    public Tensor<T> Logits => Of(ForwardStage.Logits);

    /// <summary>Frees the memory: no tensor of this trace may be read any more.</summary>
    public void Dispose() => _tape.Dispose();
}

/// <summary>What the encoder of a translator computes of a text.</summary>
/// <typeparam name="T">The precision of the model.</typeparam>
public sealed class SourceTrace<T> : TextTrace<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    internal SourceTrace(Translator<T> model, ReadOnlySpan<int> ids, Tape<T> tape)
        : base(model, ids, model.SourceStack.Blocks.Count, model.RequireSourceId) =>
        Encoded = model.Encode(tape.Copy(ids, [1, ids.Length]), new ForwardPass<T>(tape) { Observer = this });

    /// <summary>[1, S, C].</summary>
    internal Variable<T> Encoded { get; }
}
