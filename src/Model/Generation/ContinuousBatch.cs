using System.Numerics;
using MiniGpt.Model.Architectures;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;

namespace MiniGpt.Model.Generation;

/// <summary>
/// Texts that are written side by side, each at its own place: they join and leave between two tokens, and the weights are read once for all.
/// Prompts are read in pieces between the tokens of the others. What a text becomes does not depend on its company. Used by one thread; its
/// counts can be read by others, and count a token before its reader has it.
/// </summary>
/// <remarks>
/// Orca (Yu et al. 2022) is where texts join and leave between tokens. Keys and values of texts that have ended are kept as long as there is
/// room: a text that begins like one of them computes only what is new.
/// </remarks>
internal sealed partial class ContinuousBatch<T> : IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int LeastShared = 4;

    private readonly IncrementalDecoder<T> _decoder;
    private readonly int _places;
    private readonly List<BatchedText> _texts = [];
    private readonly List<KeptText> _kept = []; // the oldest first
    private readonly Stack<int> _freeRows = [];
    private readonly List<BatchedText> _singles = [];
    private readonly int[] _ids;
    private readonly int[] _rows;
    private readonly int[] _positions;
    private int _reserved;

    /// <summary>A batch without texts.</summary>
    /// <param name="model">The model.</param>
    /// <param name="places">How many texts are written at once.</param>
    /// <param name="blocks">How many blocks of keys and values there are; 0 for as many as the places need at their longest.</param>
    public ContinuousBatch(Decoder<T> model, int places, int blocks)
    {
        _places = places;
        bool isRecurrent = model.Config.Recurrence is not null;
        int rows = isRecurrent ? places : 2 * places; // as many texts are kept as are written
        if (!isRecurrent && blocks == 0)
            blocks = places * KeyValueCache<T>.BlocksOf(model.Config.Context);
        _decoder = new IncrementalDecoder<T>(model, rows, blocks);
        (_ids, _rows, _positions) = (new int[places], new int[places], new int[places]);
        for (int row = rows - 1; row >= 0; row--)
            _freeRows.Push(row);
    }

    public int Count => _texts.Count;

    public int Blocks => _decoder.Blocks;

    public int FreeBlocks => _decoder.FreeBlocks;

    public long BlockBytes => _decoder.BlockBytes;

    /// <summary>How many tokens were given to the model.</summary>
    public long TokensRead { get; private set; }

    /// <summary>How many tokens of prompts were not, since an earlier text began with them.</summary>
    public long TokensShared { get; private set; }

    /// <summary>How many tokens were made.</summary>
    public long TokensMade { get; private set; }

    /// <summary>Is told of every text that has its first token.</summary>
    public Action<BatchedText> FirstToken { get; init; } = _ => { };

    /// <summary>Whether a text can join now.</summary>
    public bool HasRoomFor(BatchedText text) =>
        _texts.Count < _places && (_decoder.Blocks == 0 || _reserved + BlocksOf(text) <= _decoder.Blocks);

    /// <summary>Whether a text could ever join.</summary>
    public bool CouldHaveRoomFor(BatchedText text) => _decoder.Blocks == 0 || BlocksOf(text) <= _decoder.Blocks;

    /// <summary>Lets a text join, for which there is room.</summary>
    public void Add(BatchedText text)
    {
        if (text.Leader is { } leader && (leader.IsPromptRead || !_texts.Contains(leader)))
            text.Leader = null;
        if (_freeRows.Count == 0)
            ForgetOldest();
        text.Row = _freeRows.Pop();
        _reserved += BlocksOf(text);
        _texts.Add(text);
    }

    /// <summary>The next token of each text whose prompt has been read, and pieces of prompts that have not, as long as one for each thread.</summary>
    public void Step()
    {
        RemoveDone();
        WriteSingles();
        RemoveDone();
        ReadPieces();
        RemoveDone();
    }

    /// <summary>Ends all texts.</summary>
    public void End(Exception? error)
    {
        foreach (BatchedText text in _texts)
            text.Complete(error);
        RemoveDone();
    }

    public void Dispose() => _decoder.Dispose();

    /// <summary>Texts that wait for one token alone go through the model together.</summary>
    private void WriteSingles()
    {
        _singles.Clear();
        foreach (BatchedText text in _texts)
        {
            if (text.Leader is null && text.Sequence.Window.Pending.Length == 1)
            {
                int i = _singles.Count;
                (_ids[i], _rows[i], _positions[i]) = (text.Sequence.Window.Pending[0], text.Row, text.Sequence.Window.Given);
                _singles.Add(text);
            }
        }

        int count = _singles.Count;
        if (count == 0)
            return;

        MakeRoom(count);
        var steps = new GenerationStep?[count];
        _decoder.EachLogits(_ids.AsSpan(0, count), _rows.AsSpan(0, count), _positions.AsSpan(0, count), (i, logits) =>
        {
            _singles[i].Sequence.Window.MarkGiven();
            steps[i] = Draw(_singles[i], logits);
        });
        TokensRead += count;
        Tell(_singles, steps);
    }

    /// <summary>Draws the next token of a text; several texts may do so at once.</summary>
    /// <returns>What is to be told to the reader; null where there is nothing.</returns>
    private static GenerationStep? Draw(BatchedText text, Tensor<T> logits)
    {
        if (!text.IsPromptRead)
            text.FinishPrompt();
        if (text.IsDone)
            return null;
        try
        {
            return text.Draw<T>(logits.Span);
        }
        catch (ArgumentException error)
        {
            text.Complete(error); // broken weights: the others may have better luck
            return null;
        }
    }

    private void Tell(List<BatchedText> texts, GenerationStep?[] steps)
    {
        for (int i = 0; i < texts.Count; i++)
        {
            if (steps[i] is not { } step)
                continue;
            TokensMade++;
            if (texts[i].Made == 1)
                FirstToken(texts[i]);
            texts[i].Write(step);
        }
    }

    private void RemoveDone()
    {
        for (int i = _texts.Count - 1; i >= 0; i--)
        {
            BatchedText text = _texts[i];
            if (text.Cancellation.IsCancellationRequested)
                text.Complete(new OperationCanceledException(text.Cancellation));
            if (!text.IsDone)
                continue;

            _texts.RemoveAt(i);
            _reserved -= BlocksOf(text);
            BatchedText[] followers = [.. _texts.Where(other => other.Leader == text)];
            foreach (BatchedText follower in followers)
                follower.Leader = follower == followers[0] ? null : followers[0];
            Keep(text);
        }
    }

    private void Keep(BatchedText text)
    {
        ReadOnlySpan<int> known = text.Sequence.Window.Known;
        if (!_decoder.CanShareBeginnings || known.Length < LeastShared)
        {
            Free(text.Row);
            return;
        }

        for (int i = _kept.Count - 1; i >= 0; i--)
        {
            if (known.StartsWith(_kept[i].Ids))
            {
                Free(_kept[i].Row);
                _kept.RemoveAt(i);
            }
        }

        _kept.Add(new KeptText(text.Row, known.ToArray()));
    }

    private void ForgetOldest()
    {
        Free(_kept[0].Row);
        _kept.RemoveAt(0);
    }

    private void Free(int row)
    {
        _decoder.Forget(row);
        _freeRows.Push(row);
    }

    /// <summary>Kept texts give way to those that are written, whose blocks were counted when they joined.</summary>
    private void MakeRoom(int blocks)
    {
        while (_decoder.CanShareBeginnings && _decoder.FreeBlocks < blocks && _kept.Count > 0)
            ForgetOldest();
    }

    private static int BlocksOf(BatchedText text) => KeyValueCache<T>.BlocksOf(text.LongestLength);

    /// <summary>A text that has ended, of which the decoder still knows the keys and values.</summary>
    private sealed record KeptText(int Row, int[] Ids);
}
