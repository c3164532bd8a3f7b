using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Data;
using MiniGpt.Model.Generation;
using MiniGpt.Model.Layers;
using MiniGpt.Model.Tasks;
using MiniGpt.Tensors;

namespace MiniGpt.Model.Lessons;

/// <summary>
/// A translator from English to Japanese learns while one watches, and translates sentences that it has not seen: which source words it looks
/// at with each word that it writes, how sure it is of the word, and what else it followed.
/// </summary>
internal static class TranslationLesson
{
    private const ulong Seed = 1;
    private const int Beams = 3;
    private const int EnglishVerb = 1; // its place in a sentence
    private const string Sentence = "cats chase birds today";

    private static readonly LessonTraining s_training = new(Steps: 200, ShownEvery: 10, LearningRate: 5e-3);

    public static LessonResult Run(LessonInputs inputs)
    {
        using LessonBoard board = new();
        string[] vocabulary = TinyTranslationGrammar.Vocabulary;
        TranslationData data = new(TinyTranslationGrammar.Pairs(isKept: false), TinyTranslationGrammar.Pairs(isKept: true));
        TransformerConfig config = Marian.Config(new ModelSizes(vocabulary.Length, Context: 8, Layers: 1, Heads: 1, Width: 32) { FeedForwardWidth = 64 });
        Translator<double> model = new(config with
        {
            EndOfTextId = TinyTranslationGrammar.End,
            PaddingId = TinyTranslationGrammar.Padding,
            InitializerRange = LessonTraining.InitializerRange,
        });
        model.Initialize(Seed);
        using TranslationTask<double> task = new(model, new TranslationTaskOptions { BatchSize = 36, Seed = Seed, EvalBatches = 0 }, data);
        double[] losses = s_training.Run(task, () => task.ValidationLoss(whole: true, inputs.CancellationToken)!.Value, inputs.Progress, inputs.CancellationToken);
        board.Show("loss", StageKind.Lines, s_training.Shown, ["loss"], losses);

        int[] source = TinyTranslationGrammar.Ids(Sentence);
        using TranslationSearch<double> search = new(model);
        IReadOnlyList<ScoredTranslation> beams = search.Translate([source], new SearchOptions { Beams = Beams }, inputs.CancellationToken)[0];
        Written best = Write(model, source, beams[0].Ids);
        string[] words = TinyTranslationGrammar.Words([.. best.Ids, TinyTranslationGrammar.End]), candidates = TinyTranslationGrammar.Japanese;
        board.Show("attention", StageKind.Weights, words, TinyTranslationGrammar.Words([.. source, TinyTranslationGrammar.End]),
            [.. best.Attention.Rows.SelectMany(row => row)]);
        board.Show("next", StageKind.Numbers, candidates, words,
            [.. candidates.Select(word => Array.IndexOf(vocabulary, word)).SelectMany(id => best.Next.Select(next => next[id]))]);
        // The score is a mean of logarithms: as a mean of probabilities, the longer bar is the likelier translation.
        board.Show("score", StageKind.Bars, ["score"],
            [.. beams.Select(beam => string.Concat(TinyTranslationGrammar.Words(beam.Ids)))], [.. beams.Select(beam => Math.Exp(beam.Score))]);

        IReadOnlyList<int[]> sentences = data.Validation!.Sources;
        int[][] found = [.. search.Translate(sentences, new SearchOptions(), inputs.CancellationToken).Select(translations => translations[0].Ids)];
        Written[] written = [.. sentences.Zip(found, (sentence, translation) => Write(model, sentence, translation))];
        board.Check("held-out", found.Zip(data.Validation.Targets, (translation, right) => translation.SequenceEqual(right) ? 0.0 : 1), tolerance: 0);
        board.Check("rows", written.SelectMany(one => one.Attention.SumErrors), LessonBoard.Rounding);
        board.Check("greedy", written.Select(one => one.Likeliest.SequenceEqual([.. one.Ids, TinyTranslationGrammar.End]) ? 0.0 : 1), tolerance: 0);
        board.Check("verb", written.Select(one => one.VerbLooksAt == EnglishVerb ? 0.0 : 1), tolerance: 0);
        return board.Result;
    }

    /// <summary>A translation, and what the model makes of it, all words at once.</summary>
    /// <param name="Ids">The translation.</param>
    /// <param name="Next">How likely each token is at each place, the one behind the last word among them.</param>
    /// <param name="Attention">Which source words it looks at there.</param>
    private sealed record Written(int[] Ids, double[][] Next, SeenAttention Attention)
    {
        /// <summary>The likeliest token at each place.</summary>
        public IEnumerable<int> Likeliest => Next.Select(PlaceOfLargest);

        /// <summary>The place in the source at which the last word, the verb, looks most; −1 where no word was written.</summary>
        public int VerbLooksAt => Attention.Rows is [.., double[] verb, _] ? PlaceOfLargest(verb) : -1;

        private static int PlaceOfLargest(double[] values) => Array.IndexOf(values, values.Max());
    }

    private static Written Write(Translator<double> model, int[] source, int[] translation)
    {
        using Tape<double> tape = new(records: false);
        SeenAttention attention = new(ForwardStage.SourceWeights);
        Variable<double> encoded = model.Encode(Batch([.. source, TinyTranslationGrammar.End]), new ForwardPass<double>(tape));
        Variable<double> logits = model.Logits(Batch([TinyTranslationGrammar.Padding, .. translation]),
            new ForwardPass<double>(tape) { Source = new SourceSequence<double> { Hidden = encoded }, Observer = attention });
        return new Written(translation, [.. logits.Softmax().Value.Span.ToArray().Chunk(model.Config.VocabularySize)], attention);

        Tensor<int> Batch(int[] ids) => tape.Copy<int>(ids, [1, ids.Length]);
    }
}
