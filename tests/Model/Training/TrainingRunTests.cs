using System.Text.Json.Nodes;
using MiniGpt.Model.Architectures;
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

        Assert.True(Resume("parts") is { Interrupted: false, Step: 8, ValidationLoss: > 0 });
        Assert.Equal(Weights("whole"), Weights("parts"));
        Assert.Equal(Log("whole"), Log("parts"));
    }

    [Fact]
    public async Task One_call_trains_tells_what_happens_and_can_be_cancelled()
    {
        TrainingOptions options = _options with { Data = [_folder.File("text.txt")], EvalEvery = 4 };
        List<TrainingUpdate> updates = [];
        TrainingSummary summary = await TrainingRun.RunAsync(_folder.File("called"), options, new Told(updates.Add), TestContext.Current.CancellationToken);
        Assert.True(summary is { Interrupted: false, Step: 8, ValidationLoss: > 0 });
        Assert.Equal(Enumerable.Range(1, 8), updates.Where(update => update.Taken is not null).Select(update => update.Step));
        Assert.Equal([4, 8], updates.Where(update => update.Evaluation is not null).Select(update => update.Step));
        Assert.All(updates, update => Assert.Equal(8, update.Steps));
        Train("observed", options, new Recorder());
        Assert.Equal(Weights("observed"), Weights("called"));

        using CancellationTokenSource cancel = new();
        Told stops = new(update =>
        {
            if (update is { Step: 3, Taken: not null })
                cancel.Cancel();
        });
        Assert.True(await TrainingRun.RunAsync(_folder.File("stopped"), options, stops, cancel.Token) is { Interrupted: true, Step: 3 });
        await Assert.ThrowsAsync<ArgumentException>(() => TrainingRun.RunAsync(_folder.File("nothing"), _options, cancellationToken: TestContext.Current.CancellationToken));
    }

    [Fact]
    public void A_new_run_that_is_cancelled_before_its_first_step_leaves_the_old_one()
    {
        Train("run", _options, new Recorder());
        byte[] before = Weights("run");
        Assert.Throws<OperationCanceledException>(() => Train("run", _options with { Seed = 2 }, new Recorder(), new CancellationToken(canceled: true)));
        Assert.Equal(before, Weights("run"));
        Train("run", _options with { Seed = 2 }, new Recorder());
        Assert.NotEqual(before, Weights("run"));
    }

    [Fact]
    public void A_run_that_was_killed_before_its_last_evaluation_makes_up_for_it_once()
    {
        TrainingOptions options = _options with { EvalEvery = 4 };
        Train("whole", options, new Recorder());
        Assert.Throws<InvalidOperationException>(() => Train("parts", options, new Recorder { OnEvaluation = FailAtTheEnd }));
        Assert.True(Resume("parts") is { Interrupted: false, Step: 8, ValidationLoss: > 0 });
        Assert.Equal(Log("whole"), Log("parts"));
        Assert.Contains("has done 8 of 8 steps", Assert.Throws<ArgumentException>(() => Resume("parts")).Message, StringComparison.Ordinal);
        Assert.True(Resume("parts", options => options with { Steps = 9 }) is { Step: 9 });

        static void FailAtTheEnd(EvaluationMetrics metrics)
        {
            if (metrics.Final)
                throw new InvalidOperationException("as if it was killed");
        }
    }

    [Fact]
    public void The_checkpoint_of_the_lowest_validation_loss_is_kept_apart()
    {
        // A learning rate that soon is far too high: the loss falls, and rises again.
        TrainingOptions options = _options with
        {
            Steps = 12,
            EvalEvery = 1,
            EvalBatches = 0,
            LearningRate = 3,
            MinLearningRate = 3,
            WarmupSteps = 30,
            ClipNorm = 0,
            CheckpointEvery = 0,
        };
        List<(int Step, double Loss)> losses = [];
        Train("run", options, new Recorder { OnEvaluation = metrics => losses.Add((metrics.Step, metrics.ValidationLoss!.Value)) });
        (int best, double loss) = losses.MinBy(one => one.Loss);
        Assert.InRange(best, 1, 11);
        using RunFolder folder = RunFolder.Open(_folder.File("run/best"));
        Assert.True(folder.Load<float>() is { } checkpoint && checkpoint.Step == best && checkpoint.ValidationLoss == loss);
    }

    [Fact]
    public void A_damaged_best_checkpoint_keeps_no_whole_one_from_going_on()
    {
        Train("run", _options with { EvalEvery = 4 }, new Recorder());
        File.WriteAllText(_folder.File("run/best/training.json"), "half");
        Assert.True(Resume("run", options => options with { Steps = 12 }) is { Interrupted: false, Step: 12 });
        using RunFolder best = RunFolder.Open(_folder.File("run/best"));
        Assert.Equal(12, best.Load<float>().Step); // the only evaluation since then
    }

    [Fact]
    public void A_run_whose_folder_cannot_be_written_goes_on_and_saves_once_it_can()
    {
        Train("whole", _options, new Recorder());
        List<(int Step, int? Saved)> failures = [];
        Recorder recorder = new()
        {
            OnStep = step =>
            {
                if (step == 4)
                    Directory.CreateDirectory(_folder.File("parts/optimizer.safetensors.partial")); // in the way of the file
                if (step == 6)
                    Directory.Delete(_folder.File("parts/optimizer.safetensors.partial"));
            },
            OnFailure = (step, saved) => failures.Add((step, saved)),
        };
        Assert.True(Train("parts", _options with { CheckpointEvery = 1 }, recorder) is { Interrupted: false, Step: 8 });
        Assert.Equal([(4, 3), (5, 3)], failures);
        Assert.Equal([1, 2, 3, 6, 7, 8], recorder.Saves);
        Assert.Equal(Weights("whole"), Weights("parts"));
        Assert.Equal(Log("whole"), Log("parts"));
    }

    [Fact]
    public void A_best_checkpoint_that_cannot_be_saved_leaves_its_place_to_a_later_one_and_is_tried_again_at_the_end()
    {
        string obstacle = _folder.File("run/best/optimizer.safetensors.partial");
        List<int> failures = [];
        Recorder recorder = new()
        {
            OnEvaluation = metrics =>
            {
                if (metrics.Step == 4 || metrics.Final)
                    Directory.CreateDirectory(obstacle); // in the way of the file
            },
            OnStep = step =>
            {
                if (step == 5)
                    Directory.Delete(obstacle);
            },
            OnFailure = (step, _) =>
            {
                failures.Add(step);
                if (step == 8)
                    Directory.Delete(obstacle);
            },
        };
        Assert.True(Train("run", _options with { EvalEvery = 2, LearningRate = 1e-2 }, recorder) is { Interrupted: false, Step: 8 });
        Assert.Equal([4, 8], failures);
        Assert.Equal(8, BestStep());
    }

    [Fact]
    public void A_run_that_is_cancelled_while_its_best_checkpoint_cannot_be_saved_is_saved_and_makes_up_for_it_when_resumed()
    {
        string obstacle = _folder.File("run/best/optimizer.safetensors.partial");
        using CancellationTokenSource cancel = new();
        Recorder recorder = new()
        {
            OnEvaluation = metrics =>
            {
                if (metrics.Final)
                    Directory.CreateDirectory(obstacle);
            },
            OnFailure = (_, _) => cancel.Cancel(),
        };
        TrainingOptions options = _options with { EvalEvery = 4, LearningRate = 1e-2 };
        Assert.True(Train("run", options, recorder, cancel.Token) is { Interrupted: true, Step: 8 });
        Assert.Equal(4, BestStep());
        Directory.Delete(obstacle);
        Assert.True(Resume("run") is { Interrupted: false, Step: 8 });
        Assert.Equal(8, BestStep());
    }

    [Fact]
    public void After_the_last_step_a_run_that_cannot_save_tries_until_it_is_cancelled()
    {
        using CancellationTokenSource cancel = new();
        int attempts = 0;
        Recorder recorder = new()
        {
            OnStep = step => Directory.CreateDirectory(_folder.File("run/optimizer.safetensors.partial")),
            OnFailure = (_, _) =>
            {
                if (++attempts == 2)
                    cancel.Cancel();
            },
        };
        string message = Assert.Throws<IOException>(() => Train("run", _options, recorder, cancel.Token)).Message;
        Assert.StartsWith("the last steps are not saved: ", message, StringComparison.Ordinal);
        Assert.Equal(2, attempts);
    }

    [Fact]
    public void A_gradient_that_is_not_finite_ends_the_run_before_the_update_and_is_named()
    {
        TrainingDivergedException error = Assert.Throws<TrainingDivergedException>(
            () => Train("run", _options with { CheckpointEvery = 2 }, Poisoned("blocks.0.feed_forward.up.weight", afterStep: 3)));
        Assert.Equal((4, "norm.bias"), (error.Step, error.Parameter)); // the loss is not a number, so it is the first on the way back
        Assert.Contains("keeps the checkpoint of step 2", error.Message, StringComparison.Ordinal);
        Assert.Contains("learning rate", error.Message, StringComparison.Ordinal);
        Assert.True(error.CouldSkip);
        using RunFolder folder = RunFolder.Open(_folder.File("run"));
        Checkpoint<float> kept = folder.Load<float>();
        Assert.Equal(2, kept.Step);
        Assert.Null(kept.Model.Parameters.LastNotFinite(kept.Model.Parameters.Values));
    }

    [Fact]
    public void Parameters_that_are_not_finite_replace_no_checkpoint()
    {
        TrainingDivergedException error = Assert.Throws<TrainingDivergedException>(
            () => Train("run", _options with { CheckpointEvery = 1 }, Poisoned("blocks.0.feed_forward.up.weight", afterStep: 3)));
        Assert.Equal((3, "blocks.0.feed_forward.up.weight"), (error.Step, error.Parameter));
        using RunFolder folder = RunFolder.Open(_folder.File("run"));
        Assert.Equal(2, folder.SavedStep);
    }

    [Fact]
    public void Bad_steps_are_skipped_and_counted_if_that_was_asked_for()
    {
        TrainingOptions options = _options with { OnBadLoss = BadLossAction.Skip };
        Recorder recorder = Poisoned("blocks.0.feed_forward.up.weight", afterStep: 3, healed: true);
        Assert.True(Train("run", options, recorder) is { Interrupted: false, Step: 8, SkippedSteps: 1 });
        Assert.Equal([4], recorder.Skips);
        using RunFolder folder = RunFolder.Open(_folder.File("run"));
        Assert.Equal(1, folder.Load<float>().SkippedSteps);
        Assert.Equal([1, 2, 3, 4, 5, 6, 7, 8, 8], Log("run").Select(line => line.Step));
    }

    [Fact]
    public void A_run_that_would_only_skip_stops()
    {
        TrainingOptions options = _options with { OnBadLoss = BadLossAction.Skip, Steps = 300 };
        TrainingDivergedException error = Assert.Throws<TrainingDivergedException>(
            () => Train("run", options, Poisoned("norm.weight", afterStep: 3)));
        Assert.Equal(104, error.Step);
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

    [Fact]
    public void A_line_of_text_is_written_beside_each_evaluation_where_no_samples_are_asked_for()
    {
        Recorder recorder = new();
        Train("lines", _options with { EvalEvery = 2, EvalBatches = 1, SampleEvery = 0 }, recorder);
        Assert.Equal([2, 4, 6], recorder.Samples);
        Assert.DoesNotContain(recorder.Texts, text => text.Contains('\n'));
    }

    private TrainingSummary Train(string name, TrainingOptions options, Recorder observer, CancellationToken cancellationToken = default)
    {
        using TrainingData data = Load(options);
        Decoder<float> gpt = new(options.ToConfig(data.VocabularySize));
        gpt.Initialize(options.Seed);
        using RunFolder folder = RunFolder.Create(_folder.File(name), overwrite: true);
        using TrainingRun<float> run = new(folder, options, gpt, data);
        observer.Model = gpt;
        return run.Run(observer, cancellationToken);
    }

    private TrainingSummary Resume(string name, Func<TrainingOptions, TrainingOptions>? change = null)
    {
        using RunFolder folder = RunFolder.Open(_folder.File(name));
        Checkpoint<float> checkpoint = folder.Load<float>();
        TrainingOptions options = change?.Invoke(checkpoint.Options) ?? checkpoint.Options;
        using TrainingData data = Load(options);
        using TrainingRun<float> run = new(folder, options, checkpoint, data);
        return run.Run(new Recorder());
    }

    /// <summary>Puts a NaN into a parameter after a step, and takes it out again once a step was skipped, if it is to be healed.</summary>
    private static Recorder Poisoned(string parameter, int afterStep, bool healed = false)
    {
        Recorder recorder = new();
        float before = 0;
        recorder.OnStep = step =>
        {
            if (step == afterStep)
            {
                before = Element();
                Element() = float.NaN;
            }
        };
        recorder.OnSkip = () =>
        {
            if (healed)
                Element() = before;
        };
        return recorder;

        ref float Element() => ref recorder.Model!.Parameters.All.Single(one => one.Name == parameter).Value.Span[0];
    }

    private int BestStep()
    {
        using RunFolder best = RunFolder.Open(_folder.File("run/best"));
        return best.Load<float>().Step;
    }

    private TrainingData Load(TrainingOptions options) => TrainingData.Load(options, _folder.File("text.txt"));

    /// <summary>The lines of metrics.jsonl without their times.</summary>
    private (int Step, string Numbers)[] Log(string name) =>
    [
        .. File.ReadLines(_folder.File($"{name}/metrics.jsonl")).Select(line =>
        {
            JsonObject json = JsonNode.Parse(line)!.AsObject();
            foreach (string time in (string[])["milliseconds", "tokens_per_second", "mfu"])
                json.Remove(time);
            return ((int)json["step"]!, json.ToJsonString());
        }),
    ];

    private byte[] Weights(string name) => File.ReadAllBytes(_folder.File($"{name}/model.safetensors"));

    private sealed class Told(Action<TrainingUpdate> act) : IProgress<TrainingUpdate>
    {
        public void Report(TrainingUpdate value) => act(value);
    }

    private sealed class Recorder : ITrainingObserver
    {
        public Decoder<float>? Model { get; set; }

        public Action<int> OnStep { get; set; } = _ => { };

        public Action OnSkip { get; set; } = () => { };

        public Action<EvaluationMetrics> OnEvaluation { get; init; } = _ => { };

        public Action<int, int?> OnFailure { get; init; } = (_, _) => { };

        public List<int> Skips { get; } = [];

        public List<int> Evaluations { get; } = [];

        public List<int> Samples { get; } = [];

        public List<string> Texts { get; } = [];

        public List<int> Saves { get; } = [];

        public void Started(int firstStep, int steps)
        {
        }

        public void Stepped(in StepMetrics metrics) => OnStep(metrics.Step);

        public void Evaluated(in EvaluationMetrics metrics)
        {
            Evaluations.Add(metrics.Step);
            OnEvaluation(metrics);
        }

        public void Sampled(int step, string text)
        {
            Samples.Add(step);
            Texts.Add(text);
        }

        public void Saved(int step) => Saves.Add(step);

        public void NotSaved(int step, int? savedStep, string reason) => OnFailure(step, savedStep);

        public void Skipped(TrainingDivergedException reason, int count)
        {
            Skips.Add(reason.Step);
            OnSkip();
        }
    }
}
