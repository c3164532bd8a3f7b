using MiniGpt.Model;
using MiniGpt.Model.Training;
using Xunit;

namespace MiniGpt.Tests.Model.Training;

public sealed class TrainingRunTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TrainingOptions _options = new()
    {
        Layers = 1,
        Heads = 2,
        Width = 16,
        Context = 8,
        BatchSize = 2,
        Steps = 8,
        Dropout = 0.1,
        WarmupSteps = 2,
        EvalEvery = 0,
        LogEvery = 1,
    };

    public TrainingRunTests() => _folder.Write("text.txt", string.Concat(Enumerable.Repeat("the quick brown fox\n", 30)));

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_cancelled_and_resumed_run_writes_the_model_of_an_undisturbed_one()
    {
        using CancellationTokenSource cancel = new();
        Train("whole", _options, new Recorder());
        Recorder stopping = new()
        {
            OnStep = step =>
            {
                if (step == 3)
                    cancel.Cancel();
            },
        };
        TrainingSummary stopped = Train("parts", _options, stopping, cancel.Token);
        Assert.True(stopped is { Interrupted: true, Step: 3, ValidationLoss: null });

        Checkpoint<float> checkpoint = RunFolder.Load<float>(_folder.File("parts"));
        using TrainingData data = Load(checkpoint.Options);
        using TrainingRun<float> rest = new(_folder.File("parts"), checkpoint.Options, checkpoint, data);
        Assert.True(rest.Run(new Recorder()) is { Interrupted: false, Step: 8, ValidationLoss: > 0 });
        Assert.Equal(Weights("whole"), Weights("parts"));
    }

    [Fact]
    public void Evaluations_samples_and_checkpoints_do_not_move_the_training()
    {
        Recorder recorder = new();
        Train("plain", _options, new Recorder());
        Train("watched", _options with { EvalEvery = 2, EvalBatches = 3, SampleEvery = 4, CheckpointEvery = 1 }, recorder);
        Assert.Equal(Weights("plain"), Weights("watched"));
        Assert.Equal([2, 4, 6, 8], recorder.Evaluations);
        Assert.Equal([4, 8], recorder.Samples);
        Assert.Equal([1, 2, 3, 4, 5, 6, 7, 8], recorder.Saves);
    }

    private TrainingSummary Train(string name, TrainingOptions options, Recorder observer, CancellationToken cancellationToken = default)
    {
        using TrainingData data = Load(options);
        Gpt<float> gpt = new(options.ToConfig(data.VocabularySize));
        gpt.Initialize(options.Seed);
        RunFolder.Create(_folder.File(name));
        using TrainingRun<float> run = new(_folder.File(name), options, gpt, data);
        return run.Run(observer, cancellationToken);
    }

    private TrainingData Load(TrainingOptions options) => TrainingData.Load(options, _folder.File("text.txt"));

    private byte[] Weights(string name) => File.ReadAllBytes(_folder.File($"{name}/model.safetensors"));

    private sealed class Recorder : ITrainingObserver
    {
        public Action<int> OnStep { get; init; } = _ => { };

        public List<int> Evaluations { get; } = [];

        public List<int> Samples { get; } = [];

        public List<int> Saves { get; } = [];

        public void Started(int firstStep, int steps)
        {
        }

        public void Stepped(in StepMetrics metrics) => OnStep(metrics.Step);

        public void Evaluated(in EvaluationMetrics metrics) => Evaluations.Add(metrics.Step);

        public void Sampled(int step, string text) => Samples.Add(step);

        public void Saved(int step) => Saves.Add(step);
    }
}
