namespace MiniGpt.Model.Training;

/// <summary>What one step of training was like.</summary>
/// <param name="Step">The step, counted from 1.</param>
/// <param name="Tokens">The tokens seen so far, this step's included.</param>
/// <param name="Loss">The mean cross-entropy in nats, before the step's update.</param>
/// <param name="LearningRate">The step's learning rate.</param>
/// <param name="GradientNorm">The norm of the gradient, before clipping.</param>
/// <param name="Milliseconds">The time that this step took.</param>
/// <param name="TokensPerSecond">The tokens of this step by its time.</param>
/// <param name="Mfu">The share of the machine's multiply-add ceiling that the step reached.</param>
public readonly record struct StepMetrics(
    int Step, long Tokens, double Loss, double LearningRate, double GradientNorm, double Milliseconds, double TokensPerSecond, double Mfu);

/// <summary>What an evaluation found.</summary>
/// <param name="Step">The steps done.</param>
/// <param name="TrainLoss">The mean cross-entropy on batches of the training split, in nats.</param>
/// <param name="ValidationLoss">The mean cross-entropy on the validation split, in nats; null where there is none.</param>
/// <param name="Final">Whether it is the one after the last step, over the whole validation split.</param>
public readonly record struct EvaluationMetrics(int Step, double TrainLoss, double? ValidationLoss, bool Final);

/// <summary>How a training run ended.</summary>
/// <param name="Step">The steps done, those before a resumption included.</param>
/// <param name="Seconds">How long this part of the run took.</param>
/// <param name="ValidationLoss">The loss over the whole validation split, in nats; null without one or when interrupted.</param>
/// <param name="Interrupted">Whether it was asked to stop before its end. What it did is saved.</param>
/// <param name="SkippedSteps">How many steps were passed over because their numbers were bad.</param>
public sealed record TrainingSummary(int Step, double Seconds, double? ValidationLoss, bool Interrupted, int SkippedSteps);
