using MiniGpt.Model.Data;
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

    /// <summary>Keeps the updates of AdamW finite.</summary>
    public const double Epsilon = 1e-8;

    /// <summary>The longest that a gradient may be.</summary>
    public const double ClipNorm = 1;

    /// <summary>For so many steps the learning rate rises.</summary>
    public int Warmup => Steps / 10;

    /// <summary>The numbers of the steps whose losses are noted.</summary>
    public string[] Shown => [.. Enumerable.Range(0, Steps / ShownEvery + 1).Select(i => $"{i * ShownEvery}")];

    /// <summary>Muon's learning rate of matrices at the peak, beside which <see cref="LearningRate"/> is that of embeddings and vectors; 0 for AdamW alone.</summary>
    public double MatrixRate { get; init; }

    /// <summary>Trains.</summary>
    /// <param name="task">What is learned.</param>
    /// <param name="loss">What is noted of the model as it is.</param>
    /// <param name="progress">Is told how far it is.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>What was noted, at the beginning, between and at the end.</returns>
    public double[] Run(ILearningTask<double> task, Func<double> loss, IProgress<DataProgress>? progress, CancellationToken cancellationToken)
    {
        List<double> losses = [];
        Run(task, step =>
        {
            if (step % ShownEvery == 0)
                losses.Add(loss());
        }, progress, cancellationToken);
        return [.. losses];
    }

    /// <summary>Trains, and says after how many steps the model stands where it stands: 0, 1 and so on.</summary>
    /// <param name="task">What is learned.</param>
    /// <param name="after">Is told.</param>
    /// <param name="progress">Is told how far it is.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public void Run(ILearningTask<double> task, Action<int> after, IProgress<DataProgress>? progress, CancellationToken cancellationToken)
    {
        AdamWOptions adam = new(Beta1: 0.9, Beta2: 0.99, Epsilon: Epsilon, WeightDecay: 0);
        Optimizer<double> optimizer = MatrixRate > 0
            ? new Muon<double>(task.Parameters, new MuonOptions(LearningRate, MatrixRate, WeightDecay: 0), adam)
            : new AdamW<double>(task.Parameters, adam);
        using Trainer<double> trainer = new(
            task, optimizer, new LearningRateSchedule(ScheduleKind.Cosine, LearningRate, 0, Warmup, Steps), clipNorm: ClipNorm, ceiling: 1);
        after(0);
        for (int step = 1; step <= Steps; step++)
        {
            progress?.Report(new DataProgress("training", step - 1, Steps));
            trainer.Step(cancellationToken);
            after(step);
        }
    }
}
