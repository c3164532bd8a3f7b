using MiniGpt.Autograd;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Generation;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors;
using Xunit;

namespace MiniGpt.Tests.Model.Generation;

public class TranslationSearchTests
{
    private static readonly int[][] s_sources = [[5, 6, 7], [8, 9, 10], [11, 5], [6, 12, 5, 9], [7, 7, 7], [13]];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void One_beam_takes_the_likeliest_token_of_the_whole_forward_pass_each_time(bool normsFirst)
    {
        Translator<float> model = Model(normsFirst);
        using TranslationSearch<float> search = new(model.ForReading());
        IReadOnlyList<ScoredTranslation>[] found = search.Translate(s_sources, new SearchOptions { MostTokens = 10 });
        for (int i = 0; i < s_sources.Length; i++)
            Assert.Equal(Greedy(model, s_sources[i], 10), found[i][0].Ids);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void A_batch_translates_as_its_sentences_alone(int beams)
    {
        using TranslationSearch<float> search = new(Model().ForReading());
        SearchOptions options = new() { Beams = beams, MostTokens = 10 };
        IReadOnlyList<ScoredTranslation>[] together = search.Translate(s_sources, options);
        for (int i = 0; i < s_sources.Length; i++)
        {
            IReadOnlyList<ScoredTranslation> alone = search.Translate([s_sources[i]], options)[0];
            Assert.Equal(alone.Select(found => found.Score), together[i].Select(found => found.Score)); // to the last bit
            Assert.Equal(alone.Select(found => string.Join(' ', found.Ids)), together[i].Select(found => string.Join(' ', found.Ids)));
        }
    }

    [Fact]
    public void Without_a_limit_that_cuts_beams_as_many_as_there_are_beginnings_find_the_best_of_all_translations()
    {
        Translator<double> model = new(Config(vocabulary: 5, normsFirst: true));
        model.Initialize(3);
        new RandomStream(3, RandomPurpose.Sampling).FillUniform(model.Parameters.Values.Span, -0.6, 0.6);
        using TranslationSearch<double> search = new(model);
        foreach (double penalty in (double[])[0, 1, 2])
        {
            ScoredTranslation found = search.Translate([[3, 4]], new SearchOptions { Beams = 64, MostTokens = 3, LengthPenalty = penalty })[0][0];
            Assert.Equal(All(model, [3, 4], 3).Max(sum => sum.Sum / Math.Pow(sum.Length, penalty)), found.Score, 1e-12);
        }
    }

    [Fact]
    public void What_has_no_place_is_refused()
    {
        using TranslationSearch<float> search = new(Model());
        SearchOptions options = new();
        Assert.Contains("context of 16", Assert.Throws<ArgumentException>(() => search.Translate([new int[16]], options)).Message);
        Assert.Contains("outside of the vocabulary", Assert.Throws<ArgumentException>(() => search.Translate([[14]], options)).Message);
        Assert.Contains("beams", Assert.Throws<ArgumentException>(() => search.Translate([[5]], options with { Beams = 0 })).Message);
        Assert.Contains("ends a text", Assert.Throws<ArgumentException>(() => new TranslationSearch<float>(new(Config(14, true) with { EndOfTextId = null }))).Message);
    }

    [Fact]
    public void Who_watches_sees_whom_each_token_looks_at_in_the_source_and_changes_nothing()
    {
        Translator<float> model = Model();
        using Tape<float> tape = new(records: false);
        ForwardPass<float> pass = new(tape);
        SourceSequence<float> source = new() { Hidden = model.Encode(tape.Copy<int>([5, 6, 7, 0], [1, 4]), pass) };
        Tensor<int> ids = tape.Copy<int>([2, 8, 9], [1, 3]);
        float[] unseen = model.Logits(ids, pass with { Source = source }).Value.Span.ToArray();
        Watcher watcher = new();
        float[] seen = model.Logits(ids, pass with { Source = source, Observer = watcher }).Value.Span.ToArray();
        Assert.All(unseen.Zip(seen), pair => Assert.Equal(pair.First, pair.Second, 1e-5f));
        Assert.Equal(2, watcher.Weights.Count); // one of each layer
        Assert.All(watcher.Weights, weights =>
        {
            Assert.Equal([1, 2, 3, 4], weights.Shape);
            Assert.All(weights.Span.ToArray().Chunk(4), row => Assert.Equal(1, row.Sum(), 1e-5f));
        });
    }

    [Fact]
    public void A_translator_without_a_source_is_refused()
    {
        Translator<float> model = Model();
        using Tape<float> tape = new(records: false);
        Assert.Contains("source", Assert.Throws<ArgumentException>(() => model.Logits(tape.Copy<int>([2], [1, 1]), new ForwardPass<float>(tape))).Message);
        Assert.Contains("encoder", Assert.Throws<InvalidOperationException>(() => Gpt2.Config(2, 1, 1, 1, 2).ToSource()).Message);
        Assert.Throws<ArgumentException>(() => new Translator<float>(Gpt2.Config(2, 1, 1, 1, 2)));
        Assert.Throws<ArgumentException>(() => new Encoder<float>(Gpt2.Config(2, 1, 1, 1, 2)));
        using AttentionMemory<float> memory = new(model.Config, texts: 3);
        model.Remember(model.Encode(tape.Copy<int>([5, 0, 6, 0], [2, 2]), new ForwardPass<float>(tape)), memory);
        ForwardPass<float> pass = new(tape) { Memory = memory };
        Assert.Contains("2 sources", Assert.Throws<ArgumentException>(() => model.Logits(tape.Copy<int>([2, 2, 2], [3, 1]), pass)).Message);
    }

    private sealed class Watcher : IForwardObserver<float>
    {
        public List<Tensor<float>> Weights { get; } = [];

        public Variable<float> See(ForwardStage stage, int layer, Variable<float> value)
        {
            if (stage == ForwardStage.SourceWeights)
                Weights.Add(value.Value);
            return value;
        }
    }

    private static Translator<float> Model(bool normsFirst = false)
    {
        Translator<float> model = new(Config(vocabulary: 14, normsFirst));
        model.Initialize(1);
        for (int i = 0; i < model.Parameters.All.Count; i++)
        {
            Parameter<float> parameter = model.Parameters.All[i];
            if (parameter.Shape.Rank == 2 && parameter.IsTrained)
                new RandomStream(2, RandomPurpose.Sampling, (ulong)i).FillUniform(parameter.Value.Span, -0.3, 0.3);
        }
        return model;
    }

    private static TransformerConfig Config(int vocabulary, bool normsFirst)
    {
        TransformerConfig marian = Marian.Config(new ModelSizes(vocabulary, Context: 16, Layers: 2, Heads: 2, Width: 16));
        return marian with
        {
            Norm = marian.Norm with { Place = normsFirst ? NormPlace.Before : NormPlace.After },
            EndOfTextId = 0,
            PaddingId = 1,
            BeginOfTextId = 2,
        };
    }

    private static int[] Greedy(Translator<float> model, int[] source, int most)
    {
        List<int> ids = [2];
        while (ids.Count <= most)
        {
            ReadOnlySpan<float> logits = Next(model, source, ids);
            int best = 0;
            for (int id = 0; id < logits.Length; id++)
                best = id != 1 && logits[id] > logits[best] ? id : best;
            if (best == 0)
                break;
            ids.Add(best);
        }
        return [.. ids.Skip(1)];
    }

    /// <summary>The sums of all translations of a few tokens, and their lengths, by the whole forward pass.</summary>
    private static IEnumerable<(double Sum, int Length)> All(Translator<double> model, int[] source, int most)
    {
        Stack<(int[] Ids, double Sum)> open = new([([2], 0)]);
        while (open.TryPop(out (int[] Ids, double Sum) text))
        {
            double[] logits = Next(model, source, text.Ids);
            double total = Math.Log(logits.Where((_, id) => id != 1).Sum(Math.Exp));
            for (int id = 0; id < logits.Length; id++)
            {
                double sum = text.Sum + logits[id] - total;
                if (id == 1)
                    continue;
                if (id == 0 || text.Ids.Length == most)
                    yield return (sum, text.Ids.Length);
                else
                    open.Push(([.. text.Ids, id], sum));
            }
        }
    }

    private static T[] Next<T>(Translator<T> model, int[] source, IReadOnlyList<int> ids)
        where T : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<T>
    {
        using Tape<T> tape = new(records: false);
        ForwardPass<T> pass = new(tape);
        SourceSequence<T> read = new() { Hidden = model.Encode(tape.Copy<int>([.. source, 0], [1, source.Length + 1]), pass) };
        Tensor<T> logits = model.Logits(tape.Copy<int>([.. ids], [1, ids.Count]), pass with { Source = read }).Value;
        return logits.Span[^model.Config.VocabularySize..].ToArray();
    }
}
