using System.Text.RegularExpressions;
using MiniGpt.Model.Data;
using MiniGpt.Model.Data.Translation;
using Xunit;

namespace MiniGpt.Tests.Model.Data;

public partial class SentencePairGrammarTests
{
    // Their h is not silent: nothing is elided before them.
    private const string Aspirated = "hibou|hamster|hérisson|huit";
    private const string Vowel = "[aeiouyàâéèêëîïôûœh]";

    private static readonly Lazy<(SentencePair French, SentencePair Japanese)[]> s_drawn = new(() =>
    [
        .. Enumerable.Range(0, 50_000).Select(i =>
            (SentencePairGrammar.Pair(PairLanguage.French, 3, (ulong)i), SentencePairGrammar.Pair(PairLanguage.Japanese, 3, (ulong)i))),
    ]);

    [Fact]
    public void Every_construction_is_said_as_a_speaker_would_say_it()
    {
        Assert.True(WrittenSentences.All.Length >= 80);
        Assert.All(WrittenSentences.All, written =>
        {
            Assert.Equal(written.English, EnglishWriter.Write(written.Meaning));
            Assert.Equal(written.French, FrenchWriter.Write(written.Meaning));
            Assert.Equal(written.Japanese, JapaneseWriter.Write(written.Meaning));
        });
    }

    [Fact]
    public void The_good_dog_and_the_cat_that_likes_naps_come_first_of_what_is_held_out()
    {
        Assert.Equal([new("I am a good dog.", "Je suis un bon chien."), new("The cat likes naps.", "Le chat aime les siestes.")],
            SentencePairGrammar.HeldOut(PairLanguage.French, 2));
        Assert.Equal([new("I am a good dog.", "私はいい犬です。"), new("The cat likes naps.", "猫は昼寝が好きです。")],
            SentencePairGrammar.HeldOut(PairLanguage.Japanese, 2));
    }

    [Theory]
    [InlineData(PairLanguage.French)]
    [InlineData(PairLanguage.Japanese)]
    public void There_are_more_than_two_hundred_thousand_different_pairs(PairLanguage language) =>
        Assert.Equal(200_001, SentencePairGrammar.Train(language, 1).Take(200_001).Distinct().Count());

    [Theory]
    [InlineData(PairLanguage.French)]
    [InlineData(PairLanguage.Japanese)]
    public void No_sentence_is_both_trained_on_and_held_out(PairLanguage language)
    {
        SentencePair[] heldOut = [.. SentencePairGrammar.HeldOut(language, 1000)];
        Assert.Equal(1000, heldOut.Select(pair => pair.Source).Distinct().Count());
        Assert.All(heldOut, pair => Assert.True(SentencePairGrammar.IsHeldOut(pair.Source)));
        foreach (ulong seed in (ulong[])[0, 1, 2017])
            Assert.DoesNotContain(SentencePairGrammar.Train(language, seed).Take(10_000), pair => SentencePairGrammar.IsHeldOut(pair.Source));
    }

    [Fact]
    public void One_sentence_in_fifty_is_held_out()
    {
        string[] sentences = [.. s_drawn.Value.Select(pair => pair.French.Source).Distinct()];
        Assert.InRange(sentences.Count(SentencePairGrammar.IsHeldOut) / (double)sentences.Length, 0.018, 0.022);
    }

    [Fact]
    public void A_sentence_has_one_translation()
    {
        Assert.All(s_drawn.Value.GroupBy(pair => pair.French.Source), same => Assert.Single(same.Distinct()));
        Assert.All(s_drawn.Value, pair => Assert.Equal(pair.French.Source, pair.Japanese.Source));
    }

    [Fact]
    public void A_pair_depends_on_seed_and_index_alone()
    {
        Assert.Equal(SentencePairGrammar.Pair(PairLanguage.French, 5, 77), SentencePairGrammar.Pair(PairLanguage.French, 5, 77));
        Assert.NotEqual(Enumerable.Range(0, 9).Select(i => SentencePairGrammar.Pair(PairLanguage.French, 5, (ulong)i)),
            Enumerable.Range(0, 9).Select(i => SentencePairGrammar.Pair(PairLanguage.French, 6, (ulong)i)));
        Assert.Equal(SentencePairGrammar.Train(PairLanguage.Japanese, 4).Take(99), SentencePairGrammar.Train(PairLanguage.Japanese, 4).Take(99));
    }

    [Fact]
    public void Every_sentence_is_well_formed()
    {
        Assert.All(s_drawn.Value, pair =>
        {
            Assert.Matches(English(), pair.French.Source);
            Assert.Matches(French(), pair.French.Target);
            Assert.Matches(Japanese(), pair.Japanese.Target);
            Assert.Equal(pair.French.Source[^1] == '?', pair.Japanese.Target.EndsWith("か。", StringComparison.Ordinal));
            Assert.Equal(pair.French.Source[^1], pair.French.Target[^1]);
        });
    }

    [Fact]
    public void French_elides_and_contracts_wherever_it_must() => Assert.All(s_drawn.Value, pair =>
    {
        Assert.DoesNotMatch(MissingElision(), pair.French.Target);
        Assert.DoesNotMatch(NeedlessElision(), pair.French.Target);
        Assert.DoesNotMatch(MissingContraction(), pair.French.Target);
    });

    [Theory]
    [InlineData("Je aime les siestes.")]
    [InlineData("Le chat ne aime pas le hiver.")]
    [InlineData("C'est ce oiseau.")]
    [InlineData("Sa école est belle.")]
    [InlineData("Un beau homme.")]
    public void The_rule_of_elision_sees(string sentence) => Assert.Matches(MissingElision(), sentence);

    [Fact]
    public void An_unknown_language_is_refused() =>
        Assert.Equal("language", Assert.Throws<ArgumentOutOfRangeException>(() => SentencePairGrammar.Pair((PairLanguage)9, 1, 1)).ParamName);

    [GeneratedRegex(@"^[A-Z][a-z]*( (I|[a-z]+|Sundays))*[.?]$")]
    private static partial Regex English();

    [GeneratedRegex(@"^[A-Z][a-zàâéèêëîïôûùœç'-]*( [a-zàâéèêëîïôûœç'-]+)*(\.| \?)$")]
    private static partial Regex French();

    [GeneratedRegex(@"^[\p{IsHiragana}\p{IsKatakana}\p{IsCJKUnifiedIdeographs}]+。$")]
    private static partial Regex Japanese();

    [GeneratedRegex(
        $@"\b(le|la|je|ne|de|que|ce|ma|ta|sa|beau|nouveau|(un|ce|le|mon|ton|son|notre|leur) vieux) (?!{Aspirated}){Vowel}", RegexOptions.IgnoreCase)]
    private static partial Regex MissingElision();

    [GeneratedRegex($"'(?!{Vowel})|'({Aspirated})")]
    private static partial Regex NeedlessElision();

    [GeneratedRegex(@"\b(de|à) les? ", RegexOptions.IgnoreCase)]
    private static partial Regex MissingContraction();
}
