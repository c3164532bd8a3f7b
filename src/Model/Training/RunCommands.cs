using MiniGpt.Model.Distribution;

namespace MiniGpt.Model.Training;

/// <summary>What the first rank tells the others to do with it.</summary>
internal enum RunCommand : byte
{
    /// <summary>The next step.</summary>
    Step,

    /// <summary>Pass over the next step.</summary>
    Skip,

    /// <summary>The evaluation on some of the training data.</summary>
    TrainLoss,

    /// <summary>The evaluation on a part of the validation data.</summary>
    ValidationPart,

    /// <summary>The evaluation on all of it.</summary>
    ValidationWhole,

    /// <summary>Send the state of the optimizer.</summary>
    State,

    /// <summary>The run is over.</summary>
    End,
}

/// <summary>
/// The first rank decides what comes next: when to evaluate, to save, to stop. The others hear it and do the same, so that none of this has to
/// be decided twice, and clocks, disks and signals of one machine alone count.
/// </summary>
/// <param name="ranks">The ranks.</param>
internal sealed class RunCommands(ICollective ranks)
{
    private bool _hasEnded;

    /// <summary>Whether several ranks do this together.</summary>
    public bool AreSeveral => ranks.Size > 1;

    /// <summary>Whether the first rank left something that the others are still in the midst of: they hear no command any more.</summary>
    public bool IsOutOfStep { get; private set; }

    /// <summary>Does something together with the others.</summary>
    public T Do<T>(RunCommand command, Func<T> action)
    {
        Say(command);
        IsOutOfStep = AreSeveral;
        try
        {
            T result = action();
            IsOutOfStep = false;
            return result;
        }
        catch (TrainingDivergedException)
        {
            IsOutOfStep = false; // all ranks find the same numbers
            throw;
        }
    }

    /// <summary>Says what comes next.</summary>
    public void Say(RunCommand command)
    {
        if (AreSeveral)
            ranks.Broadcast([(byte)command]);
    }

    /// <summary>Says that the run is over, once, if the others can hear it.</summary>
    public void End()
    {
        if (!_hasEnded && !IsOutOfStep)
            Say(RunCommand.End);
        _hasEnded = true;
    }

    /// <summary>What the first rank says.</summary>
    public RunCommand Hear()
    {
        Span<byte> command = [0];
        ranks.Broadcast(command);
        return (RunCommand)command[0];
    }
}
