using MiniGpt.Model.Tasks;
using Xunit;

namespace MiniGpt.Tests.Model.Tasks;

/// <summary>
/// BLEU and chrF against numbers that are published of sacreBLEU, in its own tests and in the cards of Hugging Face, and against counts by hand that are put
/// into the formula of the paper. sacreBLEU itself was not run.
/// </summary>
public class TranslationScoresTests
{
    // From sacreBLEU's tests: one pair, three tokenizers.
    private const string Romanian = "Producția de zahăr primă va fi exprimată în ceea ce privește zahărul alb;";
    private const string RomanianReference = "producţia de zahăr brut se exprimă în zahăr alb;";

    [Theory]
    [InlineData(BleuTokenizer.Mteval13a, 8.493)]
    [InlineData(BleuTokenizer.None, 7.347)]
    [InlineData(BleuTokenizer.Character, 40.8759)]
    public void Bleu_is_sacreBLEUs_with_every_tokenizer(BleuTokenizer tokenizer, double published) =>
        Assert.Equal(published, TranslationScores.Bleu([Romanian], [RomanianReference], tokenizer).Score, 0.001);

    [Fact]
    public void Bleu_gives_what_sacreBLEU_publishes_of_two_sentences()
    {
        BleuScore bleu = TranslationScores.Bleu(
            ["hello there general kenobi", "on our way to ankh morpork"], ["hello there general kenobi", "goodbye ankh morpork"], BleuTokenizer.Mteval13a);
        Assert.Equal(39.76353643835252, bleu.Score, 1e-12);
        double[] precisions = [60, 50, 100.0 / 3, 25];
        Assert.Equal(precisions, bleu.Precisions);
        Assert.Equal((1.0, 10L, 7L), (bleu.BrevityPenalty, bleu.HypothesisLength, bleu.ReferenceLength));
        Assert.Equal("nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:MiniGpt-0.1.0", bleu.Signature);
    }

    [Theory]
    [InlineData("The relationship between Obama and Netanyahu is not exactly friendly.",
        "The ties between Obama and Netanyahu are not particularly friendly.", 61.576379378113785)]
    [InlineData("a", "a", 100)]
    [InlineData("", "reference", 0)]
    [InlineData("a b c", "abc", 100)]
    [InlineData("aa", "ab", 25)]
    public void Chrf_is_sacreBLEUs(string hypothesis, string reference, double published) =>
        Assert.Equal(published, TranslationScores.Chrf([hypothesis], [reference]).Score, 1e-10);

    [Fact]
    public void Chrf_gives_what_sacreBLEU_publishes_of_two_sentences()
    {
        ChrfScore chrf = TranslationScores.Chrf(
            ["The relationship between cats and dogs is not exactly friendly.", "a good bookshop is just a genteel black hole that knows how to read."],
            ["The relationship between dogs and cats is not exactly friendly.", "A good bookshop is just a genteel Black Hole that knows how to read."]);
        Assert.Equal(84.64214891738334, chrf.Score, 1e-10);
        Assert.Equal("nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no|version:MiniGpt-0.1.0", chrf.Signature);
        Assert.Equal(50, TranslationScores.Chrf(["a", "b"], ["a", "c"]).Score, 1e-10);
    }

    // Of the 5 words of the first, 4 match; of its 4 pairs 3, of its 3 triples 2, of its 2 runs of four 1. In the second, "le" matches twice and no more.
    [Theory]
    [InlineData("Le chat aime les siestes", "Le chat aime les souris", 5, 5, 4, 4, 3, 3, 2, 2, 1)]
    [InlineData("le le le le le le", "le chat voit le chien noir", 6, 6, 2, 5, 0, 4, 0, 3, 0)]
    [InlineData("le chat voit", "le chat voit le chien noir", 3, 6, 3, 2, 2, 1, 1, 0, 0)]
    [InlineData("un chien dort ici et un chat", "un chat dort là", 7, 4, 3, 6, 1, 5, 0, 4, 0)]
    public void Bleu_is_the_formula_of_counts_by_hand(
        string hypothesis, string reference, int length, int wanted, int one, int pairs, int two, int triples, int three, int fours, int four)
    {
        // Smoothing halves for every length without a match; where there are no runs of a length, BLEU is 0.
        double[] totals = [length, pairs, triples, fours], matches = [one, two, three, four];
        double product = 1, half = 1;
        for (int i = 0; i < 4; i++)
            product *= totals[i] == 0 ? 0 : (matches[i] > 0 ? matches[i] : half /= 2) / totals[i];

        double expected = 100 * Math.Pow(product, 0.25) * Math.Min(1, Math.Exp(1 - (double)wanted / length));
        BleuScore bleu = TranslationScores.Bleu([hypothesis], [reference], BleuTokenizer.None);
        Assert.Equal(expected, bleu.Score, 1e-10);
        Assert.Equal((length, wanted), (bleu.HypothesisLength, bleu.ReferenceLength));
    }

    [Fact]
    public void Bleu_of_a_corpus_is_made_of_the_sums_of_its_sentences()
    {
        // Precisions 7/8, 5/6, 3/4 and 1/2, and eight tokens for nine.
        BleuScore bleu = TranslationScores.Bleu(["a b c d", "a b c x"], ["a b c d", "a b c y z"], BleuTokenizer.None);
        double[] expected = [700.0 / 8, 500.0 / 6, 75, 50];
        Assert.Equal(expected, bleu.Precisions);
        Assert.Equal(Math.Exp(1 - 9.0 / 8), bleu.BrevityPenalty);
        Assert.Equal(100 * Math.Exp(1 - 9.0 / 8) * Math.Pow(7.0 / 8 * 5 / 6 * 3 / 4 / 2, 0.25), bleu.Score, 1e-10);
    }

    [Theory]
    [InlineData("", "reference", 0, 1)]
    [InlineData("this is a cat", "okay thanks", 4, 2)]
    [InlineData("two words", "two words", 2, 2)]
    public void Bleu_is_0_without_a_match_and_without_a_run_of_four(string hypothesis, string reference, int length, int wanted)
    {
        BleuScore bleu = TranslationScores.Bleu([hypothesis], [reference], BleuTokenizer.Mteval13a);
        Assert.Equal((0, length, wanted), (bleu.Score, bleu.HypothesisLength, bleu.ReferenceLength));
        Assert.Equal(length == 0 ? 0 : 1, bleu.BrevityPenalty);
    }

    [Theory]
    [InlineData("Le chat aime les siestes.")]
    [InlineData("猫は昼寝が好きです。")]
    public void The_reference_itself_scores_100(string sentence)
    {
        Assert.Equal(100, TranslationScores.Bleu([sentence], [sentence], BleuTokenizer.Character).Score, 1e-10);
        Assert.Equal(100, TranslationScores.Chrf([sentence], [sentence]).Score, 1e-10);
    }

    [Fact]
    public void Characters_are_code_points()
    {
        // Each animal is two UTF-16 units of which the first is the same: by units, half of them would match.
        Assert.Equal(0, TranslationScores.Chrf(["🐱"], ["🐶"]).Score);
        Assert.Equal(3, TranslationScores.Bleu(["🐱🐶🐭"], ["🐱"], BleuTokenizer.Character).HypothesisLength);
    }

    [Theory]
    [InlineData("Est-ce que tu aimes l'hiver ?", "Est-ce|que|tu|aimes|l'hiver|?")]
    [InlineData("It costs 3,000.50 (or so), he said...", "It|costs|3,000.50|(|or|so|)|,|he|said|.|.|.")]
    [InlineData("  1990-95\tis <skipped>&quot;a&amp;b&lt;c&gt;&quot;.", "1990|-|95|is|\"|a|&|b|<|c|>|\"|.")]
    [InlineData("a line-\nbreak\nand another", "a|linebreak|and|another")]
    [InlineData("50% of $5/day = x_y", "50|%|of|$|5|/|day|=|x|_|y")]
    [InlineData("", "")]
    public void Mteval_13a_cuts(string sentence, string tokens) =>
        Assert.Equal(tokens, string.Join('|', BleuTokenizers.Tokenize(sentence, BleuTokenizer.Mteval13a)));

    [Fact]
    public void Tokenizers_have_sacreBLEUs_names()
    {
        Assert.All(Enum.GetValues<BleuTokenizer>(), tokenizer => Assert.Equal(tokenizer, BleuTokenizers.FromName(BleuTokenizers.Name(tokenizer))));
        Assert.Equal("The tokenizer ja-mecab needs the dictionaries of MeCab and is not available; for Japanese there is char.",
            Assert.Throws<ArgumentException>(() => BleuTokenizers.FromName("ja-mecab")).Message);
        Assert.Equal("There is no tokenizer word for BLEU; there are none, 13a and char.",
            Assert.Throws<ArgumentException>(() => BleuTokenizers.FromName("word")).Message);
    }

    [Fact]
    public void Hypotheses_without_references_are_refused()
    {
        Action[] scores = [() => TranslationScores.Bleu(["a", "b"], ["a"], BleuTokenizer.None), () => TranslationScores.Chrf(["a", "b"], ["a"])];
        foreach (Action score in scores)
            Assert.Equal("There are 2 hypotheses and 1 references; each needs its own.", Assert.Throws<ArgumentException>(score).Message);
        Assert.Equal("There are no sentences to score.", Assert.Throws<ArgumentException>(() => TranslationScores.Chrf([], [])).Message);
    }
}
