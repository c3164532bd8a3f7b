using MiniGpt.Model.Data;

namespace MiniGpt.Model.Training;

/// <summary>Is told what happens in a training run, on the thread that trains. What it draws is its own affair, and what it does not ask for is passed over.</summary>
public interface ITrainingObserver
{
    /// <summary>The first step is about to be taken.</summary>
    /// <param name="firstStep">The steps done before, 0 for a new run.</param>
    /// <param name="steps">The step that the run ends with.</param>
    void Started(int firstStep, int steps)
    {
    }

    /// <summary>A step was taken.</summary>
    void Stepped(in StepMetrics metrics)
    {
    }

    /// <summary>The model is being evaluated, which takes long where there is much to validate with.</summary>
    /// <param name="step">The steps done.</param>
    /// <param name="progress">How far it is.</param>
    void Evaluating(int step, in DataProgress progress)
    {
    }

    /// <summary>The model was evaluated.</summary>
    void Evaluated(in EvaluationMetrics metrics)
    {
    }

    /// <summary>The model wrote something.</summary>
    /// <param name="step">The steps done.</param>
    /// <param name="text">What it wrote: a line beside an evaluation, more where samples were asked for; ids where there is no tokenizer.</param>
    void Sampled(int step, string text)
    {
    }

    /// <summary>A checkpoint was written.</summary>
    /// <param name="step">The steps done.</param>
    void Saved(int step)
    {
    }

    /// <summary>Something could not be written. The run goes on, and tries again.</summary>
    /// <param name="step">The steps done.</param>
    /// <param name="savedStep">The step of the checkpoint that the folder has; null where there is none yet.</param>
    /// <param name="reason">What the system said.</param>
    void NotSaved(int step, int? savedStep, string reason)
    {
    }

    /// <summary>A step was passed over because its numbers were bad.</summary>
    /// <param name="reason">Which step, and what was found.</param>
    /// <param name="count">How many steps were passed over so far.</param>
    void Skipped(TrainingDivergedException reason, int count)
    {
    }
}
