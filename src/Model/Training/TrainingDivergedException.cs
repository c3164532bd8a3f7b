namespace MiniGpt.Model.Training;

/// <summary>The numbers of a run are not finite any more. What was found was found before it could reach a parameter or a checkpoint.</summary>
public sealed class TrainingDivergedException : Exception
{
    private const string Remedy = "A lower learning rate, more warm-up steps or a smaller clipping norm may help";

    /// <summary>A step whose loss or gradient is not finite; it was not taken.</summary>
    /// <param name="step">The step, counted from 1.</param>
    /// <param name="loss">Its loss.</param>
    /// <param name="gradientNorm">The norm of its gradient.</param>
    /// <param name="parameter">
    /// The parameter whose gradient was the first, on the way back from the loss, that is not finite; null where each is and only their norm
    /// is not.
    /// </param>
    public TrainingDivergedException(int step, double loss, double gradientNorm, string? parameter)
        : base(FormattableString.Invariant($"step {step}: the loss is {loss}, the gradient norm {gradientNorm}")
            + (parameter is null ? "" : $", the gradient of {parameter} was the first that is not finite")) =>
        (Step, Parameter) = (step, parameter);

    /// <summary>A step whose update made a parameter infinite; it is not saved.</summary>
    /// <param name="step">The step, counted from 1.</param>
    /// <param name="parameter">The parameter.</param>
    /// <param name="consequence">What became of the run.</param>
    public TrainingDivergedException(int step, string parameter, string consequence)
        : base($"step {step}: its update left {parameter} with numbers that are not finite; training stopped, {consequence}. {Remedy}") =>
        (Step, Parameter) = (step, parameter);

    /// <summary>Adds what became of the run.</summary>
    /// <param name="error">What was found.</param>
    /// <param name="consequence">What became of the run.</param>
    /// <param name="couldSkip">Whether <see cref="BadLossAction.Skip"/> would have passed over the step.</param>
    public TrainingDivergedException(TrainingDivergedException error, string consequence, bool couldSkip)
        : base($"{error.Message}; {consequence}. {Remedy}", error) => (Step, Parameter, CouldSkip) = (error.Step, error.Parameter, couldSkip);

    /// <summary>The step, counted from 1.</summary>
    public int Step { get; }

    /// <summary>The parameter that was found out; null where all were finite and only the norm of their gradients was not.</summary>
    public string? Parameter { get; }

    /// <summary>Whether the run ended at a step that <see cref="BadLossAction.Skip"/> would have passed over.</summary>
    public bool CouldSkip { get; }
}
