using System.Numerics;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;
using MiniGpt.Tensors.Threading;

namespace MiniGpt.Model.Generation;

/// <content>How prompts are read between the tokens of other texts.</content>
internal sealed partial class ContinuousBatch<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int PieceTokens = 64;

    // Short prompts are read together, but each piece needs memory of its own on the way through the model.
    private const int PiecesOfThread = 2;

    private readonly List<BatchedText> _pieces = [];
    private int _turn;

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
            if (TellsPrompt(text) || !sideBySide || _pieces.Count == PiecesOfThread * Workers.Count)
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

        var steps = new GenerationStep?[together.Count];
        SideBySide<T>.ForEach(together.Count, logits.Sum(own => own.Count), i => steps[i] = Draw(together[i], logits[i]));
        Tell(together, steps);
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
}
