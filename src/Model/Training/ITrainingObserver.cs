namespace MiniGpt.Model.Training;

/// <summary>Is told what happens in a training run, on the thread that trains. What it draws is its own affair.</summary>
public interface ITrainingObserver
{
    /// <summary>The first step is about to be taken.</summary>
    /// <param name="firstStep">The steps done before, 0 for a new run.</param>
    /// <param name="steps">The step that the run ends with.</param>
    void Started(int firstStep, int steps);

    /// <summary>A step was taken.</summary>
    void Stepped(in StepMetrics metrics);

    /// <summary>The model was evaluated.</summary>
    void Evaluated(in EvaluationMetrics metrics);

    /// <summary>The model wrote something.</summary>
    /// <param name="step">The steps done.</param>
    /// <param name="text">What it wrote; ids where there is no tokenizer.</param>
    void Sampled(int step, string text);

    /// <summary>A checkpoint was written.</summary>
    /// <param name="step">The steps done.</param>
    void Saved(int step);
}
