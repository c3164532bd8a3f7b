using System.Text;
using MiniGpt.Model.Data;
using MiniGpt.Model.Tokenizers;
using MiniGpt.Model.Training;
using Xunit;

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

            // As near as it can be: the characters to train on are those of the share, up to the end of one word.
            long characters = train.Sum(part => Text(part).EnumerateRunes().Count()), asked = Split.TrainLength(corpus.Characters, fraction);
            Assert.InRange(characters, asked - 60, asked + 60);
        }
    }

    [Theory]
    [InlineData(LearnedTokenizer.Word)]
    [InlineData(LearnedTokenizer.BytePair)]
    public void Every_word_of_both_parts_is_in_the_vocabulary(LearnedTokenizer tokenizer)
    {
        for (int shift = 0; shift < 12; shift++)
        {
            string text = new string('a', shift) + string.Concat(Enumerable.Repeat(" the quick brown fox jumps", 40));
            TrainingOptions options = new() { Context = 4, BatchSize = 1, Data = [_folder.Write("text.txt", text)], Tokenizer = tokenizer, VocabularySize = 300 };
            using TrainingData data = TrainingData.Load(options, "");
            int[] ids = new int[data.Validation!.Length];
            data.Validation.Read(0, ids);
            Assert.StartsWith(" ", data.Tokenizer!.Decode(ids), StringComparison.Ordinal);
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

    private static string RandomText(Random random)
    {
        string[] pieces = ["a", "word", "猫", " ", "  ", "\n", "\r\n", "\t", "\u3000", "it's", "1984", "...", "🐈", " un ", "\u00A0"];
        return "go on" + string.Concat(Enumerable.Range(0, random.Next(5, 200)).Select(_ => pieces[random.Next(pieces.Length)])) + " end.";
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

    private static string Text(TextRange range) => Encoding.UTF8.GetString(File.ReadAllBytes(range.Path).AsSpan()[(int)range.Start..(int)range.End]);
}
