using System.Text;
using MiniGpt.Model.Data;
using Xunit;

namespace MiniGpt.Tests.Model.Data;

public sealed class WordVocabularyTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Words_are_counted_in_small_letters_and_sorted_by_count_and_then_by_their_bytes()
    {
        WordVocabulary vocabulary = Count("The king saw the Queen.\nTHE queen, the king and a boy", leastCount: 2);
        Assert.Equal(["the", "king", "queen"], Texts(vocabulary));
        Assert.Equal([4L, 2, 2], vocabulary.Counts);
        Assert.Equal(8, vocabulary.Total);
        Assert.Null(vocabulary.Note);
    }

    [Fact]
    public void A_line_gives_the_ids_of_its_words_and_leaves_rare_ones_out()
    {
        const string text = "b a b\n\nrare a\r\nb A";
        WordVocabulary vocabulary = Count(text, leastCount: 2);
        List<int[]> lines = [];
        vocabulary.ReadLines(WordText.Of("text", text), line => lines.Add([.. line]), CancellationToken.None);
        Assert.Equal([[1, 0, 1], [0], [1, 0]], lines);
    }

    [Fact]
    public void A_file_of_several_blocks_has_the_words_of_the_same_text_in_memory()
    {
        Random random = new(1);
        StringBuilder text = new();
        while (text.Length < 9 << 20)
            text.Append("word").Append(random.Next(1000)).Append(random.Next(9) == 0 ? "é。\n" : "'s ");
        using TextCorpus corpus = TextCorpus.Open([_folder.Write("text.txt", text.ToString())]);
        WordVocabulary found = WordVocabulary.Count(WordText.Of(corpus), 1), expected = Count(text.ToString(), 1);
        Assert.Equal(Texts(expected), Texts(found));
        Assert.Equal(expected.Counts, found.Counts);
        List<int> ids = [], expectedIds = [];
        found.ReadLines(WordText.Of(corpus), ids.AddRange, CancellationToken.None);
        expected.ReadLines(WordText.Of("text", text.ToString()), expectedIds.AddRange, CancellationToken.None);
        Assert.Equal(expectedIds, ids);
        Assert.Equal(found.Total, ids.Count);
    }

    [Fact]
    public void Fewer_than_two_words_are_refused_with_what_was_found()
    {
        Assert.Contains("text has 1 different words that occur at least 2 times, of 3, at least 2 expected",
            Assert.Throws<TooFewWordsException>(() => Count("a a b c", leastCount: 2)).Message, StringComparison.Ordinal);
        Assert.Contains("text has 0 different words", Assert.Throws<TooFewWordsException>(() => Count("...", leastCount: 1)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Sentences_without_spaces_are_told_of()
    {
        const string sentence = "年老いた王は宮殿に住み、彼は剣を取る。昔々あるところに、おじいさんとおばあさんがいました。\n";
        Assert.Contains("spaces between words expected", Count(sentence, leastCount: 1).Note!, StringComparison.Ordinal);
        Assert.Contains("spaces between words expected", Assert.Throws<TooFewWordsException>(() => Count(sentence, leastCount: 5)).Message, StringComparison.Ordinal);
        Assert.Null(Count("年老いた 王 は 宮殿 に 住み 、 彼 は 剣 を 取る", leastCount: 1).Note);
    }

    private static WordVocabulary Count(string text, long leastCount) => WordVocabulary.Count(WordText.Of("text", text), leastCount);

    private static string[] Texts(WordVocabulary vocabulary) => [.. vocabulary.Words.Select(Encoding.UTF8.GetString)];
}
