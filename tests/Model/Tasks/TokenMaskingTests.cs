using MiniGpt.Model.Data;
using MiniGpt.Model.Tasks;
using MiniGpt.Model.Tokenizers;
using MiniGpt.Tensors;
using Xunit;

namespace MiniGpt.Tests.Model.Tasks;

public class TokenMaskingTests
{
    private const int Ignored = -100;
    private const int Length = 200;

    private static readonly Lazy<SubwordTokenizer> s_wordPieces = new(() => TokenizerLearner.Subwords(
        LearnedTokenizer.WordPiece, [.. Sentences], vocabularySize: 120, specialTokens: []));

    private static IEnumerable<string> Sentences =>
        Enumerable.Range(0, 200).Select(i => $"the king and queen were walking to {(i % 2 == 0 ? "London" : "Paris")} on the {i}th day");

    [Fact]
    public void Of_every_text_a_share_is_predicted_most_of_it_masked_some_replaced_and_some_kept()
    {
        TokenMasking masking = new(s_wordPieces.Value);
        int[] text = Text();
        int count = TokenMasking.CountOf(Length);
        Assert.Equal(30, count);
        int masked = 0, replaced = 0, kept = 0;
        for (ulong row = 0; row < 400; row++)
        {
            int[] ids = [.. text], places = new int[count], targets = new int[count];
            masking.Apply(ids, places, targets, new RandomStream(1, RandomPurpose.Masking, row), Ignored);
            Assert.Equal(count, places.Distinct().Count());
            Assert.Equal(places.Select(place => text[place]), targets);
            Assert.All(Enumerable.Range(0, Length).Except(places), i => Assert.Equal(text[i], ids[i]));
            masked += places.Count(place => ids[place] == masking.MaskId);
            kept += places.Count(place => ids[place] == text[place]);
            replaced += places.Count(place => ids[place] != masking.MaskId && ids[place] != text[place]);
        }
        double all = 400.0 * count;
        Assert.Equal(0.8, masked / all, 0.02);
        Assert.Equal(0.1, replaced / all, 0.02); // another token is by chance the same one now and then
        Assert.Equal(0.1, kept / all, 0.02);
    }

    [Fact]
    public void The_same_stream_masks_the_same_tokens_and_another_others()
    {
        TokenMasking masking = new(s_wordPieces.Value);
        Assert.Equal(Masked(7), Masked(7));
        Assert.NotEqual(Masked(7), Masked(8));

        int[] Masked(ulong step)
        {
            int[] ids = Text(), places = new int[30], targets = new int[30];
            masking.Apply(ids, places, targets, new RandomStream(1, RandomPurpose.Masking, step), Ignored);
            return [.. ids, .. places, .. targets];
        }
    }

    [Fact]
    public void Whole_words_are_masked_with_all_of_their_pieces()
    {
        WordPieceTokenizer tokenizer = (WordPieceTokenizer)s_wordPieces.Value;
        TokenMasking masking = new(tokenizer, wholeWords: true);
        int[] text = Text();
        Assert.Contains(text, tokenizer.IsInsideWord);
        for (ulong row = 0; row < 100; row++)
        {
            int[] ids = [.. text], places = new int[30], targets = new int[30];
            masking.Apply(ids, places, targets, new RandomStream(1, RandomPurpose.Masking, row), Ignored);
            int[] chosen = [.. places.Zip(targets).Where(pair => pair.Second != Ignored).Select(pair => pair.First)];
            foreach (int place in chosen)
            {
                bool isCutAtTheEnd = place == chosen[^1];
                Assert.True(!tokenizer.IsInsideWord(text[place]) || chosen.Contains(place - 1));
                Assert.True(isCutAtTheEnd || place + 1 == Length || !tokenizer.IsInsideWord(text[place + 1]) || chosen.Contains(place + 1));
            }
        }
    }

    [Fact]
    public void Special_tokens_are_never_predicted_and_a_text_of_nothing_else_has_no_targets()
    {
        TokenMasking masking = new(s_wordPieces.Value);
        int[] ids = [.. Enumerable.Repeat(masking.MaskId, 20)], places = new int[3], targets = new int[3];
        masking.Apply(ids, places, targets, new RandomStream(1, RandomPurpose.Masking), Ignored);
        Assert.Equal([Ignored, Ignored, Ignored], targets);
        Assert.All(ids, id => Assert.Equal(masking.MaskId, id));
    }

    [Fact]
    public void A_tokenizer_without_a_mask_is_refused()
    {
        Assert.Contains("[MASK]", Assert.Throws<ArgumentException>(() => new TokenMasking(CharacterTokenizer.FromText("abc"))).Message);
        Assert.Contains("[MASK]", Assert.Throws<ArgumentException>(() => new TokenMasking(null)).Message);
    }

    private static int[] Text() => [.. s_wordPieces.Value.Encode(string.Join(". ", Sentences)).Take(Length)];
}
