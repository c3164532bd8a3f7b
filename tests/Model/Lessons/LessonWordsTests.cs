using MiniGpt.Cli;
using MiniGpt.Model.Lessons;
using Xunit;

namespace MiniGpt.Tests.Model.Lessons;

/// <summary>Lessons whose numbers depend on their words: in both languages what plain loops over the words give.</summary>
public sealed class LessonWordsTests
{
    [Theory]
    [InlineData("embedding", "the は, cat ねこ, likes すき, a が, nap ひるね")]
    [InlineData("mask", "I わたし, am は, reading 読む, a を, book 本, today きょう")]
    [InlineData("one-hot", "a も, plum すもも, is の, like うち, peach もも")]
    public void A_word_and_its_translation_have_one_vector(string lesson, string translations)
    {
        string key = lesson == "one-hot" ? "table" : "vectors";
        LessonStage english = LessonResults.Stage(lesson, key), japanese = LessonResults.Stage(lesson, key, Language.Japanese);
        string[][] pairs = [.. translations.Split(", ").Select(pair => pair.Split(' '))];
        Assert.Equal(pairs.Length, english.Rows.Count);
        Assert.All(pairs, pair => Assert.Equal(Row(japanese, pair[1]), Row(english, pair[0])));

        static IEnumerable<double> Row(LessonStage stage, string word) => stage.Row(Assert.Single(stage.Rows.Index(), row => row.Item == word).Index);
    }

    [Theory]
    [InlineData("embedding", "vectors", "vectors", "vectors", Language.English)]
    [InlineData("embedding", "vectors", "vectors", "vectors", Language.Japanese)]
    [InlineData("mask", "vectors", "vectors", "vectors", Language.English)]
    [InlineData("mask", "vectors", "vectors", "vectors", Language.Japanese)]
    [InlineData("source-attention", "queries", "keys", "values", Language.English)]
    [InlineData("source-attention", "queries", "keys", "values", Language.Japanese)]
    public void Weights_and_context_are_those_of_plain_loops(string lesson, string queries, string keys, string values, Language language)
    {
        double[][] q = Rows(queries), k = Rows(keys), v = Rows(values), weights = Rows("weights"), context = Rows("context");
        bool isCausal = lesson == "mask";
        for (int query = 0; query < q.Length; query++)
        {
            double[] shares = new double[k.Length];
            for (int key = 0; key < k.Length; key++)
            {
                double score = 0;
                for (int i = 0; i < q[query].Length; i++)
                    score += q[query][i] * k[key][i];
                shares[key] = isCausal && key > query ? 0 : Math.Exp(score / Math.Sqrt(q[query].Length));
            }
            double sum = shares.Sum();
            for (int key = 0; key < k.Length; key++)
                Assert.Equal(shares[key] / sum, weights[query][key], 1e-14);
            for (int i = 0; i < v[0].Length; i++)
                Assert.Equal(Enumerable.Range(0, k.Length).Sum(key => shares[key] * v[key][i]) / sum, context[query][i], 1e-14);
        }

        double[][] Rows(string key)
        {
            LessonStage stage = LessonResults.Stage(lesson, key, language);
            return [.. Enumerable.Range(0, stage.Rows.Count).Select(row => stage.Row(row).ToArray())];
        }
    }

    [Theory]
    [InlineData(Language.English, "which I, sport baseball, do I, you I, play play, ? baseball")]
    [InlineData(Language.Japanese, "得意 得意, な が, スポーツ 野球, は が, ? 野球")]
    public void Each_word_of_the_question_looks_most_at_what_it_asks_for(Language language, string expected)
    {
        LessonStage weights = LessonResults.Stage("source-attention", "weights", language);
        Assert.Equal(expected, string.Join(", ", weights.Rows.Select((word, row) => $"{word} {weights.Columns[weights.Row(row).Index().MaxBy(share => share.Item).Index]}")));
    }

    [Theory]
    [InlineData(Language.English, "a plum is like a peach", 5)]
    [InlineData(Language.Japanese, "すもも も もも も もも の うち", 5)]
    public void A_one_hot_vector_has_its_one_where_its_token_stands_in_the_vocabulary(Language language, string text, int different)
    {
        LessonStage oneHot = LessonResults.Stage("one-hot", "one-hot", language), similarity = LessonResults.Stage("one-hot", "similarity", language);
        string[] tokens = text.Split(' ');
        Assert.Equal(different, oneHot.Columns.Count);
        Assert.Equal(tokens.Select((token, place) => $"{place + 1} {token}"), oneHot.Rows);
        Assert.Equal(tokens.SelectMany(token => oneHot.Columns.Select(column => column == token ? 1.0 : 0)), oneHot.Values);
        Assert.Equal(tokens.SelectMany(a => tokens.Select(b => a == b ? 1.0 : 0)), similarity.Values);
    }

    [Theory]
    [InlineData(Language.English, "statistic")]
    [InlineData(Language.Japanese, "すもももももももものうち")]
    public void The_next_token_is_counted_by_hand_and_the_loss_falls_to_what_the_text_leaves_open(Language language, string text)
    {
        LessonStage counted = LessonResults.Stage("next-token", "counted", language), loss = LessonResults.Stage("next-token", "loss", language);
        char[] letters = [.. text.Distinct()];
        double open = 0;
        foreach ((int row, char letter) in letters.Index())
        {
            string followers = string.Concat(Enumerable.Range(0, text.Length - 1).Where(i => text[i] == letter).Select(i => text[i + 1]));
            double[] shares = [.. letters.Select(next => followers.Length == 0 ? 0 : (double)followers.Count(next.Equals) / followers.Length)];
            Assert.Equal(shares, counted.Row(row));
            open -= shares.Where(share => share > 0).Sum(share => share * Math.Log(share)) * followers.Length / (text.Length - 1);
        }
        Assert.Equal(Math.Log(5), loss.Values[0], 1e-12);
        Assert.InRange(loss.Values[^1], open, open + 0.005);
    }

    // A few lines of Python that count with collections.Counter, without any of the program's code.
    [Theory]
    [InlineData(Language.English, 3.3473036203675433, 2.4882617464604397, 2.0527182803842776, 1.7796086104444262)]
    [InlineData(Language.Japanese, 5.394329913142867, 4.115420667402732, 4.003963306406976, 4.136631519750099)]
    public void The_losses_of_tables_are_those_of_a_count_outside_of_the_program(Language language, params double[] expected) =>
        Assert.All(expected.Zip(LessonResults.Stage("n-gram", "loss", language).Values), pair => Assert.Equal(pair.First, pair.Second, 1e-9));

    [Theory]
    [InlineData(Language.English)]
    [InlineData(Language.Japanese)]
    public void The_likeliest_next_characters_are_those_that_followed_most(Language language)
    {
        string text = File.ReadAllText(BundledFile.Of(language)), train = text[..(int)(0.9 * text.Length)];
        int characters = text.Distinct().Count();
        LessonStage[] next = [.. LessonResults.Of("n-gram", language).Stages.Where(stage => stage.Key == "next")];
        Assert.Equal(4, next.Length);
        foreach (LessonStage stage in next)
        {
            string context = Read(stage.Rows[0]);
            Assert.Equal(stage.Values.OrderDescending(), stage.Values);
            foreach ((string column, double probability) in stage.Columns.Zip(stage.Values))
                Assert.Equal(Probability(context, Read(column)[0]), probability, 1e-12);
        }

        double Probability(string before, char character)
        {
            double shorter = before.Length == 0 ? 1.0 / characters : Probability(before[1..], character);
            int seen = 0, followed = 0;
            for (int i = before.Length; i < train.Length; i++)
            {
                if (string.CompareOrdinal(train, i - before.Length, before, 0, before.Length) != 0)
                    continue;
                seen++;
                followed += train[i] == character ? 1 : 0;
            }
            return (followed + 5 * shorter) / (seen + 5);
        }

        string Read(string shown) => shown.Replace('⏎', '\n').Replace('␣', language == Language.Japanese ? '\u3000' : ' ');
    }

    [Theory]
    [InlineData(Language.English)]
    [InlineData(Language.Japanese)]
    public void Only_the_words_behind_the_mask_tell_the_subject(Language language)
    {
        SubjectGrammar grammar = language == Language.Japanese ? SubjectGrammar.Japanese : SubjectGrammar.English;
        MaskedSentence[] learned = grammar.Sentences(isKept: false), kept = grammar.Sentences(isKept: true);
        Assert.Equal((48, 24), (learned.Length, kept.Length));
        Assert.Empty(learned.Select(Text).Intersect(kept.Select(Text)));
        Assert.Single(learned.GroupBy(sentence => sentence.Words.Length).Select(length => length.Count()).Distinct());
        // Each beginning goes as often with every subject; each verb with one alone.
        Assert.All(learned.GroupBy(sentence => string.Join(' ', sentence.Words.Take(sentence.Place))),
            beginning => Assert.Equal([2, 2, 2, 2, 2, 2], beginning.GroupBy(sentence => sentence.RightId).Select(subject => subject.Count())));
        string[] verbs = grammar.Vocabulary[(1 + grammar.Subjects.Count)..(1 + 2 * grammar.Subjects.Count)];
        Assert.All(verbs, verb => Assert.Single(learned.Where(sentence => sentence.Words.Skip(sentence.Place).Contains(verb)).Select(sentence => sentence.RightId).Distinct()));
        Assert.All(learned.Concat(kept), sentence => Assert.Equal(sentence.Words, sentence.Ids.Select(id => grammar.Vocabulary[id])));

        LessonStage encoder = LessonResults.Stage("masked-word", "fillings", language), causal = LessonResults.Stage("masked-word", "causal-fillings", language);
        Assert.All(Enumerable.Range(0, 2), row => Assert.True(encoder.Row(row).ElementAt(row) > 0.9));
        Assert.All(causal.Values, probability => Assert.Equal(1 / 6.0, probability, 0.02));

        static string Text(MaskedSentence sentence) => string.Join(' ', sentence.Words);
    }

    [Theory]
    [InlineData(Language.English, "2 keys")]
    [InlineData(Language.Japanese, "1 鍵")]
    public void The_word_that_decides_hardly_reaches_the_end_of_the_RNN_but_of_the_LSTM(Language language, string word)
    {
        LessonStage gradients = LessonResults.Stage("rnn", "gradients", language);
        Assert.Equal(12, gradients.Rows.Count);
        double[] shares = [.. gradients.Row(Assert.Single(gradients.Rows.Index(), row => row.Item == word).Index)];
        Assert.InRange(shares[0], 0, 0.02);
        Assert.True(shares[1] > 10 * shares[0], $"{shares[1]} of the LSTM, {shares[0]} of the RNN");
    }
}
