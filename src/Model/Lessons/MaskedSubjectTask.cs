using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Generation;
using MiniGpt.Model.Layers;
using MiniGpt.Model.Tasks;
using MiniGpt.Tensors;

namespace MiniGpt.Model.Lessons;

/// <summary>Saying the masked word of sentences, whatever the model sees of them: all words, or those before the mask.</summary>
/// <remarks>Each step reads all sentences, in batches of equal length, so that nothing is padded and no chance is in it.</remarks>
/// <param name="model">The model, its parameters filled.</param>
/// <param name="sentences">What it learns from: of each length as many.</param>
/// <param name="vocabulary">The words by their ids.</param>
internal sealed class MaskedSubjectTask(LanguageModel<double> model, MaskedSentence[] sentences, string[] vocabulary) : ILearningTask<double>
{
    private readonly MaskedSentence[][] _batches = [.. sentences.GroupBy(sentence => sentence.Words.Length).Select(batch => batch.ToArray())];
    private readonly Tape<double> _tape = new(records: false);

    public ParameterSet<double> Parameters => model.Parameters;

    public int MicroBatches => _batches.Length;

    public long TokensOfStep { get; } = sentences.Sum(sentence => sentence.Words.Length);

    public double OperationsOfStep { get; } = sentences.Sum(sentence =>
        new ModelShape(model.Config).TrainingOperationsOfMasked(sentence.Words.Length, 1));

    public bool PartIsWhole => true;

    public Variable<double> Loss(Tape<double> tape, int step, int microBatch)
    {
        MaskedSentence[] batch = _batches[microBatch];
        (int rows, int length) = (batch.Length, batch[0].Words.Length);
        Tensor<int> ids = tape.Copy<int>([.. batch.SelectMany(sentence => sentence.Ids)], [rows, length]);
        Tensor<int> places = tape.Copy<int>([.. batch.Select((sentence, row) => row * length + sentence.Place)], [rows]);
        Tensor<int> targets = tape.Copy<int>([.. batch.Select(sentence => sentence.RightId)], [rows]);
        Variable<double> hidden = Hidden(ids, new ForwardPass<double>(tape));
        return model.Output.Loss(tape.Embedding(hidden.Reshape([rows * length, model.Config.Width]), places), targets);
    }

    public double TrainLoss(CancellationToken cancellationToken = default)
    {
        _tape.Cancellation = cancellationToken;
        double sum = 0;
        for (int batch = 0; batch < _batches.Length; batch++)
        {
            _tape.Reset();
            sum += Loss(_tape, step: 0, batch).Value.Span[0] * _batches[batch].Length;
        }
        return sum / sentences.Length;
    }

    public double? ValidationLoss(bool whole, CancellationToken cancellationToken = default) => null;

    public string Sample(int number, int tokens)
    {
        MaskedSentence sentence = sentences[number % sentences.Length];
        double[] fillings = Fillings(sentence);
        return string.Join(' ', sentence.Words.Select((word, place) =>
            place == sentence.Place ? $"[{vocabulary[Array.IndexOf(fillings, fillings.Max())]}]" : word));
    }

    /// <summary>How likely each word of the vocabulary is in the place of the mask.</summary>
    public double[] Fillings(MaskedSentence sentence, IForwardObserver<double>? observer = null)
    {
        _tape.Cancellation = default;
        _tape.Reset();
        Variable<double> hidden = Hidden(_tape.Copy<int>(sentence.Ids, [1, sentence.Words.Length]), new ForwardPass<double>(_tape) { Observer = observer });
        ReadOnlySpan<double> logits = model.Project(hidden).Value.Slice(1, sentence.Place, 1).Span;
        double[] fillings = new double[logits.Length];
        foreach (NextToken filling in NextToken.Likeliest(logits, logits.Length))
            fillings[filling.Id] = filling.Probability;
        return fillings;
    }

    public void Dispose() => _tape.Dispose();

    private Variable<double> Hidden(Tensor<int> ids, in ForwardPass<double> pass) => model.Stack.Forward(model.Input.Forward(ids, pass), pass);
}
