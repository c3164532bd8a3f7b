using MiniGpt.Model.Distribution;

namespace MiniGpt.Model.Training;

/// <content>What the first of several ranks does together with the others. A process alone does it, too, and has nobody to tell.</content>
public sealed partial class TrainingRun<T>
{
    private readonly ICollective _ranks;
    private readonly RunCommands _commands;

    /// <summary>How many steps this process has taken.</summary>
    public int StepsTaken { get; private set; }

    /// <summary>What exchanges between ranks took so far.</summary>
    public ExchangeTimes ExchangeTimes => _trainer.ExchangeTimes;

    /// <summary>Whether an error came in the midst of what all ranks do together: the others wait, and only an end of all of them ends that.</summary>
    public bool IsOutOfStep => _commands.IsOutOfStep;

    /// <summary>What ends the work between two operators: nothing where other ranks would wait for this one, which then stops between two commands.</summary>
    private CancellationToken Within(CancellationToken cancellationToken) => _commands.AreSeveral ? CancellationToken.None : cancellationToken;

    private double TrainLoss(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return _commands.Do(RunCommand.TrainLoss, () => _task.TrainLoss(Within(cancellationToken)));
    }

    private double? ValidationLoss(bool whole, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return _commands.Do(whole ? RunCommand.ValidationWhole : RunCommand.ValidationPart, () => _task.ValidationLoss(whole, Within(cancellationToken)));
    }
}
