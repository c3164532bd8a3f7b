using MiniGpt.Model.Tokenizers;
using MiniGpt.Tensors;

namespace MiniGpt.Model.Tasks;

/// <summary>
/// Chooses tokens of a text to be predicted (Devlin et al. 2019, section 3.1): a share of them, of which most become a mask, some another token
/// and some stay, so that a model cannot know by the mask alone where it will be asked. What is chosen is a function of a random stream.
/// </summary>
public sealed class TokenMasking
{
    /// <summary>The share of tokens that are predicted.</summary>
    public const double Share = 0.15;

    private const double MaskedShare = 0.8; // of those that are predicted
    private const double ReplacedShare = 0.1;
    private const int Stride = 4; // random numbers of a position

    private readonly SubwordTokenizer _tokenizer;
    private readonly bool _wholeWords;
    private readonly int[] _ordinary;

    /// <summary>Masks for texts of a tokenizer.</summary>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="wholeWords">Whether all pieces of a word are chosen together.</param>
    /// <exception cref="ArgumentException">The tokenizer has no mask, or nothing else, or knows no pieces of words where whole words are wanted.</exception>
    public TokenMasking(ITokenizer? tokenizer, bool wholeWords = false)
    {
        _tokenizer = tokenizer as SubwordTokenizer is { } found && found.SpecialIdOf(WordPieceTokenizer.Mask) is int mask && (MaskId = mask) >= 0
            ? found
            : throw new ArgumentException($"predicting masked words takes a tokenizer with the token {WordPieceTokenizer.Mask}, such as wordpiece; {tokenizer?.Kind ?? "none"} found");
        Require.That(!wholeWords || tokenizer is WordPieceTokenizer, $"whole words can be masked with a wordpiece tokenizer, {tokenizer!.Kind} found");
        _wholeWords = wholeWords;
        _ordinary = [.. Enumerable.Range(0, found.VocabularySize).Where(id => !found.IsSpecial(id))];
        Require.That(_ordinary.Length > 0, $"a tokenizer of special tokens alone has nothing to predict");
    }

    /// <summary>The id of the mask.</summary>
    public int MaskId { get; }

    /// <summary>How many tokens of a text of a length are predicted.</summary>
    public static int CountOf(int length) => Math.Max(1, (int)Math.Round(Share * length));

    /// <summary>Chooses tokens, notes them, and puts something in their places.</summary>
    /// <param name="ids">The text; gets masks and other tokens.</param>
    /// <param name="places">Gets where the chosen tokens stand; what is left of it gets 0.</param>
    /// <param name="targets">Gets the chosen tokens; what is left of it gets <paramref name="ignored"/>.</param>
    /// <param name="stream">Where the random numbers come from.</param>
    /// <param name="ignored">What says that nothing is to be predicted.</param>
    public void Apply(Span<int> ids, Span<int> places, Span<int> targets, in RandomStream stream, int ignored)
    {
        int chosen = 0, tries = 0;
        // Drawing again where a token was drawn before ends soon, since few are wanted; a text of special tokens alone has none.
        while (chosen < places.Length && tries < 8 * ids.Length)
        {
            int place = stream.Below((ulong)(tries++ * Stride), ids.Length);
            (int start, int end) = _wholeWords ? WordAt(ids, place) : (place, place + 1);
            if (places[..chosen].Contains(start) || _tokenizer.IsSpecial(ids[start]) || (end - start > places.Length - chosen && chosen > 0))
                continue;
            end = Math.Min(end, start + places.Length - chosen);
            for (int i = start; i < end; i++)
                (places[chosen], targets[chosen++]) = (i, ids[i]);
        }
        places[chosen..].Clear();
        targets[chosen..].Fill(ignored);
        for (int i = 0; i < chosen; i++)
        {
            ulong index = (ulong)(places[i] * Stride) + 1;
            double kind = stream.Uniform(index);
            if (kind < MaskedShare)
                ids[places[i]] = MaskId;
            else if (kind < MaskedShare + ReplacedShare)
                ids[places[i]] = _ordinary[stream.Below(index + 1, _ordinary.Length)];
        }
    }

    private (int Start, int End) WordAt(ReadOnlySpan<int> ids, int place)
    {
        WordPieceTokenizer pieces = (WordPieceTokenizer)_tokenizer;
        int start = place, end = place + 1;
        while (start > 0 && pieces.IsInsideWord(ids[start]))
            start--;
        while (end < ids.Length && pieces.IsInsideWord(ids[end]))
            end++;
        return (start, end);
    }
}
