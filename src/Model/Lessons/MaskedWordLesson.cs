using MiniGpt.Model.Architectures;
using MiniGpt.Model.Layers;

namespace MiniGpt.Model.Lessons;

/// <summary>
/// A BERT learns while one watches which word is masked, and the same model that sees backward alone learns it beside it: what tells the word
/// stands to its right.
/// </summary>
internal static class MaskedWordLesson
{
    private const ulong Seed = 1;

    private static readonly LessonTraining s_training = new(Steps: 100, ShownEvery: 5, LearningRate: 5e-3);

    private static readonly string[] s_models = ["encoder", "causal"];

    public static LessonResult Run(LessonInputs inputs)
    {
        using LessonBoard board = new();
        SubjectGrammar grammar = inputs.Language == Language.Japanese ? SubjectGrammar.Japanese : SubjectGrammar.English;
        ModelSizes sizes = new(grammar.Vocabulary.Length, grammar.MostWords, Layers: 1, Heads: 1, Width: 32) { FeedForwardWidth = 64 };
        TransformerConfig config = Bert.Config(sizes) with { InitializerRange = LessonTraining.InitializerRange };
        MaskedSentence[] sentences = grammar.Sentences(isKept: false);
        using MaskedSubjectTask encoder = new(new Encoder<double>(config), sentences, grammar.Vocabulary);
        TransformerConfig backwardOnly = config with { Attention = config.Attention with { IsCausal = true } };
        using MaskedSubjectTask causal = new(new Decoder<double>(backwardOnly), sentences, grammar.Vocabulary);
        double[][] losses = [.. new[] { encoder, causal }.Select(task =>
        {
            task.Parameters.Initialize(Seed);
            return s_training.Run(task, () => task.TrainLoss(inputs.CancellationToken), inputs.Progress, inputs.CancellationToken);
        })];
        board.Show("loss", StageKind.Lines, s_training.Shown, s_models, [.. losses[0].Zip(losses[1]).SelectMany(pair => (double[])[pair.First, pair.Second])]);

        MaskedSentence dog = grammar.Ask(subject: 0), cat = grammar.Ask(subject: 1);
        SeenAttention both = new(ForwardStage.Weights), backward = new(ForwardStage.Weights);
        encoder.Fillings(dog, both);
        causal.Fillings(dog, backward);
        double[] looks = both.Rows[dog.Place], looksBack = backward.Rows[dog.Place];
        board.Show("weights", StageKind.Weights, s_models, dog.Words, [.. looks, .. looksBack]);
        ShowFillings("fillings", encoder);
        ShowFillings("causal-fillings", causal);

        board.Check("rows", both.SumErrors.Concat(backward.SumErrors), LessonBoard.Rounding);
        board.Check("right", grammar.Sentences(isKept: true).Select(sentence => 1 - encoder.Fillings(sentence)[sentence.RightId]), tolerance: 0.1);
        board.Check("uniform", [losses[1][^1] - Math.Log(grammar.Subjects.Count)], tolerance: 0.01);
        board.Check("same", causal.Fillings(dog).Zip(causal.Fillings(cat), (a, b) => a - b), tolerance: 0);
        board.Check("backward", looksBack.Skip(dog.Place + 1), tolerance: 0);
        return board.Result;

        void ShowFillings(string key, MaskedSubjectTask task) => board.Show(key, StageKind.Bars,
            [string.Join(' ', dog.Words), string.Join(' ', cat.Words)], grammar.Subjects,
            [.. new[] { dog, cat }.SelectMany(sentence => grammar.Subjects.Select(subject =>
                task.Fillings(sentence)[Array.IndexOf(grammar.Vocabulary, subject)]))]);
    }
}
