using System.Numerics;
using MiniGpt.Autograd;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors;

namespace MiniGpt.Model.Generation;

/// <summary>
/// A decoder that remembers: new ids go through the model's own forward pass, and the keys and values of all positions are kept, or a
/// recurrent network's states, so that each is computed once. Not safe for use from several threads at once; any number of these can share one model.
/// </summary>
/// <remarks>
/// With a model that is laid out to be read, <see cref="Decoder{T}.ForReading()"/>, logits have the same bits whether positions come
/// together or one by one, and whether a text is alone or one of several.
/// </remarks>
/// <param name="model">The model.</param>
/// <param name="texts">How many texts are written side by side.</param>
public sealed class IncrementalDecoder<T>(Decoder<T> model, int texts = 1) : IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly AttentionMemory<T>? _memory = model.Config.Recurrence is null ? new(model.Config, texts) : null;
    private readonly RecurrentMemory<T>? _states =
        model.Config.Recurrence is { } kind ? new(kind, model.Config.Layers, model.Config.Width, texts) : null;
    private readonly Tape<T> _tape = new(records: false);

    /// <summary>The logits of the token after the last position of each text.</summary>
    /// <param name="ids">New ids, text after text, each of these getting as many.</param>
    /// <param name="position">Where they stand: as many ids were given before, or were and count no longer.</param>
    /// <param name="text">The first text that gets ids.</param>
    /// <param name="texts">How many neighbouring texts get ids.</param>
    /// <param name="everywhere">Whether the logits of every new position are wanted, not only of the last ones.</param>
    /// <returns>[texts, V], or everywhere [ids, V]; valid until the next call.</returns>
    /// <exception cref="ArgumentException">An id is outside of the vocabulary, there is no such text, or the context has no room.</exception>
    public Tensor<T> Logits(ReadOnlySpan<int> ids, int position, int text = 0, int texts = 1, bool everywhere = false)
    {
        Require.That(texts > 0 && ids.Length >= texts && ids.Length % texts == 0, $"{ids.Length} ids do not divide among {texts} texts");
        foreach (int id in ids)
            model.RequireId(id);
        _tape.Reset();
        _memory?.Begin(text, position);
        _states?.Begin(text, texts, position);
        ForwardPass<T> pass = new(_tape) { Memory = _memory, States = _states, LastOnly = !everywhere };
        Tensor<T> logits = model.Logits(_tape.Copy(ids, [texts, ids.Length / texts]), pass).Value;
        return logits.Reshape([logits.Shape[0] * logits.Shape[1], logits.Shape[2]]);
    }

    /// <summary>Copies what is kept of one text to another one.</summary>
    public void Copy(int from, int to)
    {
        _memory?.Copy(from, to);
        _states?.Copy(from, to);
    }

    /// <summary>Frees the memory.</summary>
    public void Dispose()
    {
        _memory?.Dispose();
        _tape.Dispose();
    }
}
