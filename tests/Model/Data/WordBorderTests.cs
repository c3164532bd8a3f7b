using System.Text;
using MiniGpt.Model.Data;
using MiniGpt.Model.Tokenizers;
using MiniGpt.Model.Training;
using Xunit;
using static MiniGpt.Tests.Model.Data.TextRanges;

namespace MiniGpt.Tests.Model.Data;

/// <summary>Where a text is cut into what is trained on and what is validated with.</summary>
public sealed class WordBorderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Wherever_the_cut_falls_no_word_and_no_piece_of_GPT_2_is_cut_in_two()
    {
        Random random = new(3);
        for (int turn = 0; turn < 300; turn++)
        {
            string text = RandomText(random);
            double fraction = random.Next(1, 100) / 100.0;
            string[] files = [_folder.Write("a.txt", text), _folder.Write("b.txt", $"x{RandomText(random)}")];
            using TextCorpus corpus = TextCorpus.Open(random.Next(2) == 0 ? files[..1] : files);
            (IReadOnlyList<TextRange> train, IReadOnlyList<TextRange> rest) = corpus.Split(fraction, betweenWords: true);
            Assert.Equal(string.Concat(corpus.Documents.Select(Text)), string.Concat(train.Concat(rest).Select(Text)));
            foreach (Func<string, string[]> cut in (Func<string, string[]>[])[Words, Pieces])
                Assert.Equal(corpus.Documents.SelectMany(document => cut(Text(document))), train.Concat(rest).SelectMany(part => cut(Text(part))));

            Rune[][] documents = [.. corpus.Documents.Select(document => (Rune[])[.. Text(document).EnumerateRunes()])];
            int expected = BorderFor(documents, (int)Split.TrainLength(corpus.Characters, fraction));
            Assert.Equal(expected, train.Sum(part => Text(part).EnumerateRunes().Count()));
        }
    }

    [Theory]
    [InlineData(LearnedTokenizer.Word)]
    [InlineData(LearnedTokenizer.BytePair)]
    public void What_is_validated_with_begins_between_two_words_whichever_way_the_text_is_tokenised(LearnedTokenizer tokenizer)
    {
        for (int shift = 0; shift < 12; shift++)
        {
            string text = new string('a', shift) + string.Concat(Enumerable.Repeat(" the quick brown fox jumps", 40));
            TrainingOptions options = new() { Context = 4, BatchSize = 1, Data = [_folder.Write("text.txt", text)], Tokenizer = tokenizer, VocabularySize = 300 };
            using TrainingData data = TrainingData.Load(options, "");
            string train = Decoded(data, data.Train), validation = Decoded(data, data.Validation!);
            Assert.Equal(text, train + validation);
            Assert.StartsWith(" ", validation, StringComparison.Ordinal);
            Assert.DoesNotMatch(@"\s$", train);
        }
    }

    [Fact]
    public void A_text_without_white_space_is_cut_where_it_always_was()
    {
        using TextCorpus corpus = TextCorpus.Open([_folder.Write("dna.txt", string.Concat(Enumerable.Repeat("ACGT", 1000)))]);
        Assert.Equal(3600, Assert.Single(corpus.Split(0.1, betweenWords: true).Train).End);
    }

    [Fact]
    public void The_last_word_of_a_text_is_not_cut_though_no_border_follows()
    {
        using TextCorpus corpus = TextCorpus.Open([_folder.Write("end.txt", "one two three incomprehensibilities")]);
        (IReadOnlyList<TextRange> train, IReadOnlyList<TextRange> rest) = corpus.Split(0.1, betweenWords: true);
        Assert.Equal(("one two three", " incomprehensibilities"), (Text(train[0]), Text(rest[0])));
    }

    /// <summary>
    /// How many characters are before the cut that was asked for there: where the next white space of the document begins, or else the last one
    /// before; the end of a document is a border as it is.
    /// </summary>
    private static int BorderFor(Rune[][] documents, int asked)
    {
        int before = 0, document = 0;
        while (before + documents[document].Length <= asked)
            before += documents[document++].Length;
        Rune[] text = documents[document];
        int[] borders = [.. Enumerable.Range(1, text.Length - 1).Where(at => Rune.IsWhiteSpace(text[at]) && !Rune.IsWhiteSpace(text[at - 1]))];
        int place = asked - before;
        if (place == 0)
            return before;
        int next = borders.FirstOrDefault(border => border >= place, -1);
        return before + (next >= 0 ? next : borders.LastOrDefault(border => border < place, place));
    }

    private static string RandomText(Random random)
    {
        string[] pieces = ["a", "word", "猫", " ", "  ", "\n", "\r\n", "\t", "\u3000", "it's", "1984", "...", "🐈", " un ", "\u00A0"];
        return "go on" + string.Concat(Enumerable.Range(0, random.Next(5, 200)).Select(_ => pieces[random.Next(pieces.Length)])) + " end.";
    }

    private static string Decoded(TrainingData data, TokenSource tokens)
    {
        int[] ids = new int[tokens.Length];
        tokens.Read(0, ids);
        return data.Tokenizer!.Decode(ids);
    }

    private static string[] Words(string text) => Cut(text, WordTokenizer.NextLength);

    private static string[] Pieces(string text) => Cut(text, Gpt2PreTokenizer.Next);

    private static string[] Cut(string text, NextPiece next)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        List<string> pieces = [];
        for (int at = 0; at < bytes.Length;)
        {
            int length = next(bytes.AsSpan(at));
            pieces.Add(Encoding.UTF8.GetString(bytes, at, length));
            at += length;
        }
        return [.. pieces];
    }

    private delegate int NextPiece(ReadOnlySpan<byte> text);
}
