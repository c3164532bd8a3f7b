using System.Numerics;
using MiniGpt.Model.Architectures;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;
using MiniGpt.Tensors.Threading;

namespace MiniGpt.Model.Generation;

/// <summary>
/// Texts that are written side by side, each at its own place: they join and leave between two tokens, and the weights are read once for all.
/// Prompts are read in pieces between the tokens of the others. What a text becomes does not depend on its company. Used by one thread.
/// </summary>
/// <remarks>
/// Orca (Yu et al. 2022) is where texts join and leave between tokens. Keys and values of texts that have ended are kept as long as there is
/// room: a text that begins like one of them computes only what is new.
/// </remarks>
internal sealed class ContinuousBatch<T> : IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int PieceTokens = 64;
    private const int LeastShared = 4;

    // From so many logits or texts on, tokens are drawn on several threads.
    private const long ManyLogits = 1 << 17;
    private const int ManyTexts = 8;

    private readonly IncrementalDecoder<T> _decoder;
    private readonly int _places;
    private readonly List<BatchedText> _texts = [];
    private readonly List<KeptText> _kept = []; // the oldest first
    private readonly Stack<int> _freeRows = [];
    private readonly List<BatchedText> _singles = [];
    private readonly List<BatchedText> _pieces = [];
    private readonly int[] _ids;
    private readonly int[] _rows;
    private readonly int[] _positions;
    private int _reserved;
    private int _turn;

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
        Tensor<T> logits = _decoder.Logits(_ids.AsSpan(0, count), _rows.AsSpan(0, count), _positions.AsSpan(0, count));
        foreach (BatchedText text in _singles)
            text.Sequence.Window.MarkGiven();
        TokensRead += count;
        Draw(_singles, i => logits.Slice(0, i, 1), logits.Count);
    }

    /// <summary>The next prompts in turn, or windows that start anew, have a piece of them read.</summary>
    private void ReadPieces()
    {
        _pieces.Clear();
        int tokens = 0, turn = _turn;
        bool sideBySide = _decoder.ReadsSideBySide;
        for (int i = 0; i < _texts.Count; i++)
        {
            int at = (turn + i) % _texts.Count;
            BatchedText text = _texts[at];
            if (text.Leader is not null || text.Sequence.Window.Pending.Length <= 1 || BeginsLikeAPiece(text))
                continue;
            if (TellsPrompt(text) && _pieces.Count > 0)
                break;
            tokens += Math.Min(PieceTokens, text.Sequence.Window.Pending.Length);
            if (_pieces.Count > 0 && tokens > PieceTokens * Workers.Count)
                break;
            _turn = at + 1;
            _pieces.Add(text);
            if (TellsPrompt(text) || !sideBySide)
                break;
        }

        if (_pieces is [{ } only])
            ReadPiece(only);
        else if (_pieces.Count > 1)
            ReadSideBySide();
    }

    private static bool TellsPrompt(BatchedText text) => text.Request.TellsPrompt && !text.IsPromptRead;

    /// <summary>Whether a text can share what one of the pieces reads: then it waits for it.</summary>
    private bool BeginsLikeAPiece(BatchedText text)
    {
        foreach (BatchedText piece in _pieces)
        {
            if (piece.Sequence.Window.All.CommonPrefixLength(text.Sequence.Window.All) >= LeastShared)
                return true;
        }

        return false;
    }

    private void ReadPiece(BatchedText text)
    {
        TokenWindow window = text.Sequence.Window;
        if (window.Given == 0 && !text.Request.TellsPrompt)
            ShareBeginning(text);

        int length = Math.Min(PieceTokens, window.Pending.Length);
        bool tells = TellsPrompt(text);
        MakeRoom(KeyValueCache<T>.BlocksOf(length) + 1);
        Tensor<T> logits = _decoder.Logits(window.Pending[..length], window.Given, text.Row, texts: 1, everywhere: tells);
        if (tells)
        {
            int told = Math.Min(length, window.Pending.Length - 1); // behind the last token there is nothing to tell
            text.TellPrompt<T>(logits.Slice(0, 0, told).Span, window.Pending.Slice(1, told));
        }

        MarkRead(text, length);
        DrawFirst([(text, tells ? logits.Slice(0, length - 1, 1) : logits)]);
    }

    private void ReadSideBySide()
    {
        int blocks = 0;
        _decoder.BeginPieces();
        int[] lengths = new int[_pieces.Count];
        for (int i = 0; i < lengths.Length; i++)
        {
            TokenWindow window = _pieces[i].Sequence.Window;
            if (window.Given == 0)
                ShareBeginning(_pieces[i]);
            lengths[i] = Math.Min(PieceTokens, window.Pending.Length);
            blocks += KeyValueCache<T>.BlocksOf(lengths[i]) + 1;
            _decoder.AddPiece(window.Pending[..lengths[i]], window.Given, _pieces[i].Row);
        }

        MakeRoom(blocks);
        Tensor<T> logits = _decoder.LogitsOfPieces();
        for (int i = 0; i < lengths.Length; i++)
            MarkRead(_pieces[i], lengths[i]);
        DrawFirst(_pieces.Select((text, i) => (text, logits.Slice(0, i, 1))));
    }

    private void MarkRead(BatchedText text, int length)
    {
        text.Sequence.Window.MarkGiven(length);
        TokensRead += length;
    }

    /// <summary>Those of which nothing is left to be read get their next token, and those that waited for the same reading with them.</summary>
    private void DrawFirst(IEnumerable<(BatchedText Text, Tensor<T> Logits)> read)
    {
        List<BatchedText> together = [];
        List<Tensor<T>> logits = [];
        foreach ((BatchedText text, Tensor<T> own) in read)
        {
            if (text.Sequence.Window.Pending.Length > 0)
                continue;
            together.Add(text);
            logits.Add(own);
            foreach (BatchedText follower in _texts)
            {
                if (follower.Leader != text)
                    continue;
                _decoder.Copy(text.Row, follower.Row);
                follower.Sequence.Window.MarkGiven();
                follower.Leader = null;
                TokensShared += text.Sequence.Window.Given;
                together.Add(follower);
                logits.Add(own);
            }
        }

        if (together.Count > 0)
            Draw(together, i => logits[i], logits.Sum(own => own.Count));
    }

    private void Draw(List<BatchedText> texts, Func<int, Tensor<T>> logitsOf, long size)
    {
        var steps = new GenerationStep?[texts.Count];
        Action<int> draw = i =>
        {
            if (!texts[i].IsPromptRead)
                texts[i].FinishPrompt();
            if (texts[i].IsDone)
                return;
            try
            {
                steps[i] = texts[i].Draw<T>(logitsOf(i).Span);
            }
            catch (ArgumentException error)
            {
                texts[i].Complete(error); // broken weights: the others may have better luck
            }
        };
        if (texts.Count >= ManyTexts || (size >= ManyLogits && texts.Count > 1))
            Workers.Run(texts.Count, draw);
        else
        {
            for (int i = 0; i < texts.Count; i++)
                draw(i);
        }

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

    /// <summary>Looks among what is there and what is kept for the text that has the longest beginning in common, and takes that over.</summary>
    private void ShareBeginning(BatchedText text)
    {
        if (!_decoder.CanShareBeginnings)
            return;

        TokenWindow window = text.Sequence.Window;
        (int length, int row, KeptText? from) = (0, -1, null);
        foreach (KeptText kept in _kept)
            Compare(kept.Ids, kept.Row, kept);
        foreach (BatchedText other in _texts)
            Compare(other == text ? [] : other.Sequence.Window.Known, other.Row, null);
        if (length < LeastShared)
            return;

        _decoder.ShareBeginning(row, text.Row, length);
        window.MarkGiven(length);
        TokensShared += length;
        if (from is not null)
        {
            _kept.Remove(from);
            _kept.Add(from); // it was of use: others are forgotten before it
        }

        void Compare(ReadOnlySpan<int> ids, int ofRow, KeptText? kept)
        {
            // The last token goes through the model in any case, for the logits behind it.
            int common = Math.Min(ids.CommonPrefixLength(window.Pending), window.Pending.Length - 1);
            if (common > length)
                (length, row, from) = (common, ofRow, kept);
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
