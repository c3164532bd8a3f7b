using MiniGpt.Model.Architectures;
using MiniGpt.Model.Data;
using MiniGpt.Model.Explanation;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Lessons;
using MiniGpt.Model.Tasks;
using MiniGpt.Model.Training;
using MiniGpt.Tensors.Storage;
using Xunit;

namespace MiniGpt.Tests.Model.Training;

/// <summary>What takes long tells how far it is, from nothing on, never back, and with the same result as where nobody asks.</summary>
public sealed class WorkProgressTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void An_evaluation_over_a_whole_text_tells_of_each_part()
    {
        Decoder<float> model = new(Gpt2.Config(65, 64, 1, 2, 16));
        model.Initialize(1);
        TokenSource text = TokenSource.FromIds([.. Enumerable.Range(0, 64 * 40 + 1).Select(i => i * 7 % 65)], 65);
        using NextTokenEvaluator<float> evaluator = new(model, batchSize: 8);
        double expected = evaluator.WholeLoss(text);
        Told told = new();
        evaluator.Progress = told;
        Assert.Equal(expected, evaluator.WholeLoss(text));
        // 40 windows, 8 at once
        Assert.Equal([0, 1, 2, 3, 4], told.Of("evaluating").Select(progress => progress.Done));
        Assert.All(told.All, progress => Assert.Equal(5, progress.Total));
        told.All.Clear();
        TextEvaluation.Run(new LoadedModel<float>("model", model, null, []), text, null, told);
        Assert.Equal(3, told.Of("evaluating").Count()); // 16 at once
    }

    [Fact]
    public void A_run_tells_its_observer_how_far_its_evaluations_are()
    {
        TrainingOptions options = Small() with { Steps = 2, EvalEvery = 1, EvalBatches = 3 };
        Observer observer = new();
        OfRun(options, run => run.Run(observer));
        // After the first step three batches of each text, after the second one three and then the whole validation split.
        Assert.Equal([0, 1, 2, 0, 1, 2], observer.Told.Where(told => told.Step == 1).Select(told => told.Progress.Done));
        Assert.Equal([0, 1, 2, 0], observer.Told.Where(told => told.Step == 2).Select(told => told.Progress.Done).Take(4));
    }

    [Fact]
    public void The_time_of_a_run_takes_its_evaluations_in()
    {
        TrainingOptions options = Small() with { Steps = 100, EvalEvery = 0, ValidationFraction = 0 };
        (double alone, double ofSteps) = TimeOf(options);
        // 99 evaluations between steps and one at the end read 30 batches each, forward alone, which is a third of a step: 1,000 steps more.
        (double evaluated, _) = TimeOf(options with { EvalEvery = 1, EvalBatches = 30 });
        Assert.Equal(11, evaluated / alone, 0.05); // a time is a whole number of ticks
        Assert.Equal(1, ofSteps / alone, 0.01); // the same recipe, asked for by its name

        (double, double) TimeOf(TrainingOptions options) =>
            OfRun(options, run => (run.ExpectedTime.TotalSeconds * run.Ceiling, run.ExpectedTimeOf(options).TotalSeconds * run.Ceiling));
    }

    [Fact]
    public void A_conversion_tells_how_much_is_read_and_written()
    {
        string from = Fixtures.File("gpt2-tiny");
        ModelConversion.Run(from, _folder.File("silent.gguf"));
        Told told = new();
        ModelConversion.Run(from, _folder.File("told.gguf"), StoredType.F32, progress: told);
        ModelConversion.Run(from, _folder.File("told"), StoredType.F16, progress: told);
        told.AssertForward("reading the model");
        told.AssertForward("writing the model");
        Assert.Equal(new FileInfo(_folder.File("silent.gguf")).Length, new FileInfo(_folder.File("told.gguf")).Length);
        Assert.All(told.All, progress => Assert.InRange(progress.Done, 0, progress.Total));
    }

    [Fact]
    public void Patching_and_a_lesson_tell_how_far_they_are()
    {
        LoadedModel<float> model = ModelFile.Load<float>(Fixtures.File("gpt2-tiny"));
        Told told = new();
        PatchingView.Of(model.Model, [1, 2, 3, 4], [1, 5, 3, 4], token: 1, against: 2, told, TestContext.Current.CancellationToken);
        told.AssertForward("patching");
        Lesson lesson = Lesson.All.Single(lesson => lesson.Name == "training");
        LessonInputs inputs = new("", Model: null, TestContext.Current.CancellationToken);
        LessonResult expected = lesson.Run(inputs), found = lesson.Run(inputs with { Progress = told });
        told.AssertForward("training");
        Assert.Equal(160, told.Of("training").Count()); // steps
        Assert.Equal(expected.Checks.Select(check => check.Error), found.Checks.Select(check => check.Error));
    }

    private TrainingOptions Small() => new()
    {
        Data = [_folder.Write("text.txt", string.Concat(Enumerable.Repeat("To be, or not to be. ", 60)))],
        Layers = 1,
        Heads = 1,
        Width = 8,
        Context = 8,
        BatchSize = 2,
    };

    /// <summary>What is asked of a run before its first step.</summary>
    private TResult OfRun<TResult>(TrainingOptions options, Func<TrainingRun<float>, TResult> ask)
    {
        using TrainingData data = TrainingData.Load(options);
        LanguageModel<float> model = LanguageModel<float>.Create(options.ToConfig(data.VocabularySize, data.Tokenizer, data.SourceTokenizer));
        model.Initialize(1);
        using RunFolder folder = RunFolder.Create(_folder.File($"run-{options.EvalEvery}"));
        using TrainingRun<float> run = new(folder, options, model, data);
        return ask(run);
    }

    private sealed class Observer : ITrainingObserver
    {
        public List<(int Step, DataProgress Progress)> Told { get; } = [];

        public void Evaluating(int step, in DataProgress progress) => Told.Add((step, progress));
    }

    private sealed class Told : IProgress<DataProgress>
    {
        public List<DataProgress> All { get; } = [];

        public IEnumerable<DataProgress> Of(string stage) => All.Where(progress => progress.Stage == stage);

        public void Report(DataProgress value) => All.Add(value);

        public void AssertForward(string stage)
        {
            DataProgress[] told = [.. Of(stage)];
            Assert.NotEmpty(told);
            // Each time that it begins anew it begins with nothing, or with the first piece.
            foreach ((DataProgress before, DataProgress after) in told.Zip(told.Skip(1)))
                Assert.True(after.Done >= before.Done || after.Done <= told[0].Done, $"{stage}: {before.Done}, then {after.Done}");
        }
    }
}
