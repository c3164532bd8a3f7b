using MiniGpt.Model.Optimization;
using MiniGpt.Model.Tasks;
using MiniGpt.Model.Training;

namespace MiniGpt.Model.Lessons;

/// <summary>Trains the small model of a lesson, with the trainer and the optimizer that large ones have.</summary>
/// <param name="Steps">How many updates.</param>
/// <param name="ShownEvery">Each so many steps the loss is noted.</param>
/// <param name="LearningRate">At the peak; it rises for the first tenth of the steps and falls to zero afterwards.</param>
internal sealed record LessonTraining(int Steps, int ShownEvery, double LearningRate)
{
    /// <summary>
    /// The standard deviation of the first values of the matrices: more than in large models, so that a few dozen steps suffice for small ones.
    /// </summary>
    public const double InitializerRange = 0.1;

    /// <summary>The numbers of the steps whose losses are noted.</summary>
    public string[] Shown => [.. Enumerable.Range(0, Steps / ShownEvery + 1).Select(i => $"{i * ShownEvery}")];

    /// <summary>Trains.</summary>
    /// <param name="task">What is learned.</param>
    /// <param name="loss">What is noted of the model as it is.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>What was noted, at the beginning, between and at the end.</returns>
    public double[] Run(ILearningTask<double> task, Func<double> loss, CancellationToken cancellationToken)
    {
        AdamW<double> optimizer = new(task.Parameters, new AdamWOptions(Beta1: 0.9, Beta2: 0.99, Epsilon: 1e-8, WeightDecay: 0));
        using Trainer<double> trainer = new(
            task, optimizer, new LearningRateSchedule(ScheduleKind.Cosine, LearningRate, 0, Steps / 10, Steps), clipNorm: 1, ceiling: 1);
        List<double> losses = [loss()];
        for (int step = 1; step <= Steps; step++)
        {
            trainer.Step(cancellationToken);
            if (step % ShownEvery == 0)
                losses.Add(loss());
        }
        return [.. losses];
    }
}
