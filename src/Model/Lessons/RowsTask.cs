using MiniGpt.Autograd;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Layers;
using MiniGpt.Model.Tasks;

namespace MiniGpt.Model.Lessons;

/// <summary>Rows of ids, all of one length, and what follows at each place; −100 where nothing is to be learned.</summary>
/// <param name="Ids">Row after row.</param>
/// <param name="Targets">The same for the ids that follow.</param>
/// <param name="Length">The length of a row.</param>
internal sealed record LessonRows(int[] Ids, int[] Targets, int Length)
{
    /// <summary>What is not learned.</summary>
    public const int Nothing = -100;

    /// <summary>How many rows there are.</summary>
    public int Count => Ids.Length / Length;
}

/// <summary>Learning what follows in rows of ids.</summary>
/// <param name="model">The model, its parameters filled.</param>
/// <param name="rowsOf">The rows of each step, from 0, as many in each.</param>
/// <param name="asked">The rows that the loss is evaluated on.</param>
internal sealed class RowsTask(Decoder<double> model, Func<int, LessonRows> rowsOf, LessonRows asked) : ILearningTask<double>
{
    private readonly Tape<double> _tape = new(records: false);

    public ParameterSet<double> Parameters => model.Parameters;

    public int MicroBatches => 1;

    public long TokensOfStep { get; } = rowsOf(0).Ids.Length;

    public double OperationsOfStep => TokensOfStep * new ModelShape(model.Config).TrainingOperationsOfToken;

    public bool PartIsWhole => true;

    public Variable<double> Loss(Tape<double> tape, int step, int microBatch) => Loss(rowsOf(step), new ForwardPass<double>(tape));

    public double TrainLoss(CancellationToken cancellationToken = default) => LossOf(asked, observer: null, cancellationToken);

    public double? ValidationLoss(bool whole, CancellationToken cancellationToken = default) => null;

    public string Sample(int number, int tokens) => string.Join(' ', asked.Ids.Take(tokens));

    /// <summary>The mean loss of rows, with whoever looks or changes something on the way.</summary>
    public double LossOf(LessonRows rows, IForwardObserver<double>? observer, CancellationToken cancellationToken = default)
    {
        _tape.Cancellation = cancellationToken;
        _tape.Reset();
        return Loss(rows, new ForwardPass<double>(_tape) { Observer = observer }).Value.Span[0];
    }

    public void Dispose() => _tape.Dispose();

    private Variable<double> Loss(LessonRows rows, in ForwardPass<double> pass) => model.Loss(
        pass.Tape.Copy<int>(rows.Ids, [rows.Count, rows.Length]), pass.Tape.Copy<int>(rows.Targets, [rows.Count, rows.Length]), pass);
}
