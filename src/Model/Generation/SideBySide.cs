using System.Numerics;
using MiniGpt.Autograd;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Threading;

namespace MiniGpt.Model.Generation;

/// <summary>
/// Texts shared out among the threads: each takes some of them through the whole of a small model by itself. A product of a few rows with a
/// small matrix is over before a second thread has begun to help with it, and the many small operators between the products would be left to one.
/// </summary>
/// <remarks>A row has the same bits in any company, so that how texts are shared out changes none of them.</remarks>
/// <param name="model">The model.</param>
internal sealed class SideBySide<T>(Decoder<T> model) : IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Weights of so many bytes stay in caches. Every thread reads all of them: where they come from memory, one reading for all texts is faster.</summary>
    public const long MostBytes = 12 << 20;

    // With fewer texts a thread would read the weights for too little.
    private const int FewestTexts = 2;

    // From so many logits on, they are used on several threads.
    private const long ManyLogits = 1 << 17;

    private readonly List<Part> _parts = [];
    private readonly List<Tape<T>> _tapes = [];
    private int[] _ids = [];
    private int[] _texts = [];
    private int[] _positions = [];
    private int _idCount;
    private int _textCount;
    private Tensor<T> _logits;
    private AttentionMemory<T>? _memory;
    private Action<int, Tensor<T>>? _use;
    private Action<int>? _run;
    private bool? _isFit;

    /// <summary>Whether the model is fit for it, and there are threads.</summary>
    public bool IsPossible => Workers.Count > 1 && (_isFit ??= IsFit());

    /// <summary>Whether so many texts that get one token each are shared out.</summary>
    public bool Divides(int texts) => texts >= 2 * FewestTexts && IsPossible;

    /// <summary>Forgets what was added before.</summary>
    public void Begin()
    {
        _parts.Clear();
        (_idCount, _textCount) = (0, 0);
    }

    /// <summary>Adds tokens of a text, which one thread takes through the model.</summary>
    /// <param name="ids">The tokens.</param>
    /// <param name="text">The text's place in the memory.</param>
    /// <param name="position">Where the first of them stands.</param>
    public void Add(ReadOnlySpan<int> ids, int text, int position)
    {
        _parts.Add(new Part(_textCount, 1, _idCount, ids.Length));
        AddText(text, position);
        AddIds(ids);
    }

    /// <summary>Adds a token of each of some texts, which the threads share.</summary>
    public void AddOneEach(ReadOnlySpan<int> ids, ReadOnlySpan<int> texts, ReadOnlySpan<int> positions)
    {
        ShareOut(ids);
        for (int i = 0; i < ids.Length; i++)
            AddText(texts[i], positions[i]);
    }

    /// <summary>The same of neighbouring texts that stand at one position.</summary>
    public void AddOneEach(ReadOnlySpan<int> ids, int text, int position)
    {
        ShareOut(ids);
        for (int i = 0; i < ids.Length; i++)
            AddText(text + i, position);
    }

    /// <summary>The logits behind the last token of each text that was added.</summary>
    /// <param name="memory">The keys and values of the texts.</param>
    /// <param name="use">Is given the logits of a text, [1, V], by the thread that computed them.</param>
    /// <returns>[texts, V]; valid until the next call.</returns>
    public Tensor<T> Logits(AttentionMemory<T> memory, Action<int, Tensor<T>>? use = null)
    {
        (_memory, _use) = (memory, use);
        memory.Begin(_texts.AsSpan(0, _textCount), _positions.AsSpan(0, _textCount));
        foreach (Part part in _parts)
            memory.Reserve(part.Text, part.Texts, part.Tokens);
        while (_tapes.Count < _parts.Count)
            _tapes.Add(new Tape<T>(records: false));
        if (_logits.IsEmpty || _logits.Shape[0] < _textCount)
            _logits = new Tensor<T>([_textCount, model.Config.VocabularySize]);
        Workers.Run(_parts.Count, _run ??= Run);
        return _logits.Slice(0, 0, _textCount);
    }

    /// <summary>Uses the logits of some texts, on several threads where there are many of them.</summary>
    /// <param name="texts">How many texts.</param>
    /// <param name="logits">How many logits they have together.</param>
    /// <param name="use">Uses those of one.</param>
    public static void ForEach(int texts, long logits, Action<int> use)
    {
        if (logits >= ManyLogits && texts > 1)
        {
            Workers.Run(texts, use);
            return;
        }

        for (int i = 0; i < texts; i++)
            use(i);
    }

    public void Dispose()
    {
        foreach (Tape<T> tape in _tapes)
            tape.Dispose();
    }

    private bool IsFit() => model.IsForReading && model.BytesOfToken <= MostBytes;

    private void ShareOut(ReadOnlySpan<int> ids)
    {
        int parts = Math.Min(Workers.Count, ids.Length / FewestTexts);
        for (int part = 0; part < parts; part++)
        {
            int first = ids.Length * part / parts;
            _parts.Add(new Part(_textCount + first, ids.Length * (part + 1) / parts - first, _idCount + first, 1));
        }

        AddIds(ids);
    }

    private void AddText(int text, int position)
    {
        if (_textCount == _texts.Length)
        {
            Array.Resize(ref _texts, 2 * _textCount + 1);
            Array.Resize(ref _positions, 2 * _textCount + 1);
        }

        (_texts[_textCount], _positions[_textCount]) = (text, position);
        _textCount++;
    }

    private void AddIds(ReadOnlySpan<int> ids)
    {
        if (_idCount + ids.Length > _ids.Length)
            Array.Resize(ref _ids, 2 * (_idCount + ids.Length));
        ids.CopyTo(_ids.AsSpan(_idCount));
        _idCount += ids.Length;
    }

    private void Run(int index)
    {
        Part part = _parts[index];
        Tape<T> tape = _tapes[index];
        tape.Reset();
        Tensor<int> positions = tape.Allocate<int>([part.Texts, part.Tokens]);
        for (int i = 0; i < positions.Span.Length; i++)
            positions.Span[i] = _positions[part.Text + i / part.Tokens] + i % part.Tokens;
        ForwardPass<T> pass = new(tape) { Memory = _memory, LastOnly = true, FirstText = part.Text, Positions = positions };
        Tensor<int> ids = tape.Copy<int>(_ids.AsSpan(part.Id, part.Texts * part.Tokens), [part.Texts, part.Tokens]);
        model.Logits(ids, pass).Value.Span.CopyTo(_logits.Slice(0, part.Text, part.Texts).Span);
        for (int text = part.Text; text < part.Text + part.Texts; text++)
            _use?.Invoke(text, _logits.Slice(0, text, 1));
        Workers.GiveWay(); // on every thread: each may be on the processor that an answer waits for
    }

    /// <summary>What one thread takes through the model.</summary>
    /// <param name="Text">The first text, among those that were added.</param>
    /// <param name="Texts">How many.</param>
    /// <param name="Id">The first token, among those that were added.</param>
    /// <param name="Tokens">How many of each text.</param>
    private readonly record struct Part(int Text, int Texts, int Id, int Tokens);
}
