namespace MiniGpt.Model.Training;

/// <summary>A step whose loss or gradient was not a finite number. It was not taken: the parameters are those of the step before.</summary>
public sealed class TrainingDivergedException : Exception
{
    /// <summary>Says in one line at which step, what was found and what may help.</summary>
    public TrainingDivergedException(int step, double loss, double gradientNorm)
        : base(FormattableString.Invariant(
            $"step {step}: the loss is {loss} and the gradient norm {gradientNorm}; training stopped before the update. A lower --learning-rate, more --warmup-steps or a smaller --clip-norm may help."))
    {
        Step = step;
    }

    /// <summary>The step, counted from 1.</summary>
    public int Step { get; }
}
