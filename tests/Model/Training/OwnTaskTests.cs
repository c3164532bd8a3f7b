using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;
using MiniGpt.Model.Layers;
using MiniGpt.Model.Optimization;
using MiniGpt.Model.Tasks;
using MiniGpt.Model.Training;
using Xunit;

namespace MiniGpt.Tests.Model.Training;

/// <summary>A task and an optimizer as other programs write them, with no more than they must.</summary>
public sealed class OwnTaskTests
{
    private static readonly LearningRateSchedule s_rates = new(ScheduleKind.Constant, Peak: 0.1, Minimum: 0, WarmupSteps: 0, Steps: 20);

    [Fact]
    public async Task Plain_descent_on_a_square_takes_the_steps_that_mathematics_says()
    {
        using Distance task = new();
        List<TrainingUpdate> updates = [];
        TrainingSummary summary = await TrainingRun.RunAsync(
            task, new Descent(task.Parameters), s_rates, clipNorm: 0, evalEvery: 8, new Told(updates.Add), TestContext.Current.CancellationToken);

        Assert.True(summary is { Step: 20, Interrupted: false, ValidationLoss: null });
        // The slope of (w - 3)^2 is 2 (w - 3): with a rate of 0.1 each step leaves 0.8 of the way from 0 to 3.
        Assert.Equal(3 * (1 - Math.Pow(0.8, 20)), task.Weight, 1e-12);
        StepMetrics[] steps = [.. updates.Select(update => update.Taken).OfType<StepMetrics>()];
        Assert.Equal(Enumerable.Range(1, 20), steps.Select(step => step.Step));
        Assert.All(steps, step => Assert.Equal(9 * Math.Pow(0.64, step.Step - 1), step.Loss, 1e-12));
        Assert.All(steps, step => Assert.Equal(0, step.Mfu));
        EvaluationMetrics[] evaluations = [.. updates.Select(update => update.Evaluation).OfType<EvaluationMetrics>()];
        Assert.Equal([8, 16, 20], evaluations.Select(evaluation => evaluation.Step));
        Assert.All(evaluations, evaluation => Assert.Equal(9 * Math.Pow(0.64, evaluation.Step), evaluation.TrainLoss, 1e-12));
        Assert.Equal([false, false, true], evaluations.Select(evaluation => evaluation.Final));
    }

    [Fact]
    public async Task A_gradient_longer_than_the_limit_is_clipped()
    {
        using Distance task = new();
        await TrainingRun.RunAsync(task, new Descent(task.Parameters), s_rates with { Steps = 10 }, clipNorm: 0.5, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(10 * 0.1 * 0.5, task.Weight, 1e-5); // it is longer until w comes to 2.75
    }

    [Fact]
    public async Task A_cancelled_training_ends_with_whole_steps_and_goes_on_from_there()
    {
        using Distance task = new();
        Descent optimizer = new(task.Parameters);
        using CancellationTokenSource cancel = new();
        Told stops = new(update =>
        {
            if (update.Step == 5)
                cancel.Cancel();
        });
        Assert.True(await TrainingRun.RunAsync(task, optimizer, s_rates, clipNorm: 0, progress: stops, cancellationToken: cancel.Token) is { Step: 5, Interrupted: true });
        Assert.Equal(3 * (1 - Math.Pow(0.8, 5)), task.Weight, 1e-12);
        Assert.True(await TrainingRun.RunAsync(task, optimizer, s_rates, clipNorm: 0, cancellationToken: TestContext.Current.CancellationToken) is { Step: 20, Interrupted: false });
        Assert.Equal(3 * (1 - Math.Pow(0.8, 20)), task.Weight, 1e-12);
    }

    [Fact]
    public async Task Numbers_that_are_not_finite_end_it_before_the_update()
    {
        using Distance task = new();
        await Assert.ThrowsAsync<TrainingDivergedException>(() => TrainingRun.RunAsync(
            task, new Descent(task.Parameters), s_rates with { Peak = 1e200 }, clipNorm: 0, cancellationToken: TestContext.Current.CancellationToken));
        Assert.True(double.IsFinite(task.Weight));
    }

    [Fact]
    public async Task An_optimizer_of_other_parameters_and_negative_numbers_are_refused()
    {
        using Distance task = new(), other = new();
        CancellationToken token = TestContext.Current.CancellationToken;
        await Assert.ThrowsAsync<ArgumentException>(() => TrainingRun.RunAsync(task, new Descent(other.Parameters), s_rates, cancellationToken: token));
        await Assert.ThrowsAsync<ArgumentException>(() => TrainingRun.RunAsync(task, new Descent(task.Parameters), s_rates, clipNorm: -1, cancellationToken: token));
        await Assert.ThrowsAsync<ArgumentException>(() => TrainingRun.RunAsync(task, new Descent(task.Parameters), s_rates, evalEvery: -1, cancellationToken: token));
    }

    private sealed class Distance : ILearningTask<double>
    {
        private readonly Parameter<double> _weight;

        public Distance()
        {
            _weight = Parameters.Add("weight", [1], Initialization.Zeros, ParameterRole.Vector);
            Parameters.Initialize(seed: 1);
        }

        public ParameterSet<double> Parameters { get; } = new();

        public long TokensOfStep => 1;

        public double Weight => _weight.Value.Span[0];

        public Variable<double> Loss(Tape<double> tape, int step, int microBatch)
        {
            Variable<double> distance = _weight.Variable - tape.Constant(tape.Copy<double>([3], [1]));
            return (distance * distance).Mean();
        }

        public void Dispose()
        {
        }
    }

    private sealed class Descent(ParameterSet<double> parameters) : Optimizer<double>(parameters)
    {
        public override IReadOnlyList<OptimizerState<double>> State => [];

        protected override void Apply(double learningRate, double gradientScale)
        {
            for (int i = 0; i < Parameters.Gradients.Span.Length; i++)
                Parameters.Values.Span[i] -= learningRate * gradientScale * Parameters.Gradients.Span[i];
        }
    }

    private sealed class Told(Action<TrainingUpdate> tell) : IProgress<TrainingUpdate>
    {
        public void Report(TrainingUpdate value) => tell(value);
    }
}
