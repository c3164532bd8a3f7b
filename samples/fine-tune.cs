#:project ../src/Model/MiniGpt.Model.csproj
// Goes on training a model folder, or a .gguf, on another text: dotnet run -c Release samples/fine-tune.cs MODEL TEXT.txt OUT [STEPS]
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Optimization;
using MiniGpt.Model.Training;

if (args.Length < 3)
{
    Console.Error.WriteLine("usage: dotnet run -c Release samples/fine-tune.cs MODEL TEXT.txt OUT [STEPS]");
    return 2;
}

LoadedModel<float> start = ModelFile.Load<float>(args[0]);
LanguageModel<float> model = start.Model;
TrainingOptions options = new()
{
    Data = [Path.GetFullPath(args[1])],
    Steps = args.Length > 3 ? int.Parse(args[3]) : 100,
    Layers = model.Config.Layers,
    Heads = model.Config.Attention.Heads,
    Width = model.Config.Width,
    Context = model.Config.Context,
    LearningRate = 3e-4, // small: the model knows much already
    Schedule = ScheduleKind.Linear,
    MinLearningRate = 0,
    WarmupSteps = 10,
    EvalEvery = 20,
};

// The tokenizer is the model's own: the text must be made of what it knows.
using TrainingData data = TrainingData.Load(options, given: start.Tokenizer, givenVocabulary: model.Config.VocabularySize);
Progress<TrainingUpdate> progress = new(update =>
{
    if (update.Evaluation is { } evaluation)
        Console.WriteLine($"step {update.Step} of {update.Steps}: validation loss {evaluation.ValidationLoss:F3}");
});
double before = TextEvaluation.Run(start, data.Validation!, start.Tokenizer).Loss;
TrainingSummary summary = await TrainingRun.RunAsync(args[2], model, data, options, progress);
Console.WriteLine($"loss on the new text: {before:F3} before, {summary.ValidationLoss:F3} after {summary.Step} steps; saved in {args[2]}");
return 0;
