namespace MiniGpt.Model.Training;

/// <summary>What happened in a training run: one of its parts is there.</summary>
/// <param name="Step">The steps done.</param>
/// <param name="Steps">The step that the run ends with.</param>
public sealed record TrainingUpdate(int Step, int Steps)
{
    /// <summary>A step was taken.</summary>
    public StepMetrics? Taken { get; init; }

    /// <summary>The model was evaluated.</summary>
    public EvaluationMetrics? Evaluation { get; init; }

    /// <summary>The model wrote something: a line beside an evaluation, more where samples were asked for.</summary>
    public string? Sample { get; init; }

    /// <summary>Something went wrong, and the run goes on: a file that could not be written, a step that was passed over.</summary>
    public string? Warning { get; init; }
}
