using System.Numerics;
using MiniGpt.Autograd;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;

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
/// <param name="blocks">
/// How many blocks of keys and values they have together, <see cref="KeyValueCache{T}.BlockPositions"/> positions each; 0 for as many as their
/// contexts take. A recurrent network has none.
/// </param>
public sealed class IncrementalDecoder<T>(Decoder<T> model, int texts = 1, int blocks = 0) : IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly AttentionMemory<T>? _memory = model.Config.Recurrence is null ? new(model.Config, texts, blocks) : null;
    private readonly RecurrentMemory<T>? _states =
        model.Config.Recurrence is { } kind ? new(kind, model.Config.Layers, model.Config.Width, texts) : null;
    private readonly Tape<T> _tape = new(records: false);
    private readonly SideBySide<T> _sideBySide = new(model);

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
        if (_memory is not null && ids.Length == texts && _sideBySide.Divides(texts))
        {
            _sideBySide.Begin();
            _sideBySide.AddOneEach(ids, text, position);
            return _sideBySide.Logits(_memory);
        }

        _tape.Reset();
        _memory?.Begin(text, position);
        _states?.Begin(text, texts, position);
        ForwardPass<T> pass = new(_tape) { Memory = _memory, States = _states, LastOnly = !everywhere };
        Tensor<T> logits = model.Logits(_tape.Copy(ids, [texts, ids.Length / texts]), pass).Value;
        return logits.Reshape([logits.Shape[0] * logits.Shape[1], logits.Shape[2]]);
    }

    /// <summary>The logits of the token after the next one of each of some texts, which stand where they stand.</summary>
    /// <param name="ids">A new id of each text.</param>
    /// <param name="texts">The texts, each once.</param>
    /// <param name="positions">Where the new id of each stands.</param>
    /// <returns>[texts, V]; valid until the next call.</returns>
    /// <exception cref="ArgumentException">An id is outside of the vocabulary, there is no such text, or the context has no room.</exception>
    public Tensor<T> Logits(ReadOnlySpan<int> ids, ReadOnlySpan<int> texts, ReadOnlySpan<int> positions) => Logits(ids, texts, positions, use: null);

    /// <summary>The same, used while they are computed.</summary>
    /// <param name="ids">A new id of each text.</param>
    /// <param name="texts">The texts, each once.</param>
    /// <param name="positions">Where the new id of each stands.</param>
    /// <param name="use">Is given the place of a text among these and its logits, [1, V]; several threads may call it at once.</param>
    internal void EachLogits(ReadOnlySpan<int> ids, ReadOnlySpan<int> texts, ReadOnlySpan<int> positions, Action<int, Tensor<T>> use) =>
        Logits(ids, texts, positions, use);

    private Tensor<T> Logits(ReadOnlySpan<int> ids, ReadOnlySpan<int> texts, ReadOnlySpan<int> positions, Action<int, Tensor<T>>? use)
    {
        Require.That(ids.Length > 0 && ids.Length == texts.Length && texts.Length == positions.Length,
            $"{ids.Length} ids, {texts.Length} texts and {positions.Length} positions are not one of each");
        for (int i = 0; i < ids.Length; i++)
        {
            model.RequireId(ids[i]);
            Require.That(positions[i] >= 0 && positions[i] < model.Config.Context, $"there is no position {positions[i]} in a context of {model.Config.Context}");
        }

        if (_memory is not null && _sideBySide.Divides(ids.Length))
        {
            _sideBySide.Begin();
            _sideBySide.AddOneEach(ids, texts, positions);
            return _sideBySide.Logits(_memory, use);
        }

        _tape.Reset();
        _memory?.Begin(texts, positions);
        _states?.Begin(texts, positions);
        ForwardPass<T> pass = new(_tape) { Memory = _memory, States = _states, LastOnly = true, Positions = _tape.Copy(positions, [texts.Length, 1]) };
        Tensor<T> logits = model.Logits(_tape.Copy(ids, [ids.Length, 1]), pass).Value.Reshape([ids.Length, model.Config.VocabularySize]);
        if (use is not null)
            UseEach(logits, use);
        return logits;
    }

    private static void UseEach(Tensor<T> logits, Action<int, Tensor<T>> use) =>
        SideBySide<T>.ForEach(logits.Shape[0], logits.Count, i => use(i, logits.Slice(0, i, 1)));

    /// <summary>Whether pieces of several texts are read faster <see cref="SideBySide{T}"/> than one after the other.</summary>
    internal bool ReadsSideBySide => _memory is not null && _sideBySide.IsPossible;

    /// <summary>Begins pieces of texts that are to be read at once.</summary>
    internal void BeginPieces() => _sideBySide.Begin();

    /// <summary>Adds one.</summary>
    /// <param name="ids">New ids of the text.</param>
    /// <param name="position">Where they stand.</param>
    /// <param name="text">The text, of which there is no other piece.</param>
    internal void AddPiece(ReadOnlySpan<int> ids, int position, int text) => _sideBySide.Add(ids, text, position);

    /// <summary>The logits behind each of these pieces: [texts, V]; valid until the next call.</summary>
    internal Tensor<T> LogitsOfPieces() => _sideBySide.Logits(_memory!);

    /// <summary>Gives a text what is kept of another one.</summary>
    public void Copy(int from, int to)
    {
        _memory?.Copy(from, to);
        _states?.Copy(from, to);
    }

    /// <summary>Whether a text can go on from the middle of another one: a recurrent network keeps no middle.</summary>
    public bool CanShareBeginnings => _memory is not null;

    /// <summary>How many blocks of keys and values no text has.</summary>
    public int FreeBlocks => _memory?.FreeBlocks ?? 0;

    /// <summary>How many blocks of keys and values there are.</summary>
    public int Blocks => _memory?.Blocks ?? 0;

    /// <summary>The bytes of a block.</summary>
    public long BlockBytes => _memory?.BlockBytes ?? 0;

    /// <summary>Gives a text the first positions of another one: both share the memory of these.</summary>
    /// <exception cref="InvalidOperationException">The network is recurrent: see <see cref="CanShareBeginnings"/>.</exception>
    public void ShareBeginning(int from, int to, int positions) =>
        (_memory ?? throw new InvalidOperationException("A recurrent network keeps no middle of a text.")).Copy(from, to, positions);

    /// <summary>Forgets a text: its memory is others' to take.</summary>
    public void Forget(int text) => _memory?.Forget(text);

    /// <summary>Frees the memory.</summary>
    public void Dispose()
    {
        _memory?.Dispose();
        _tape.Dispose();
        _sideBySide.Dispose();
    }
}
