#:project ../src/Model/MiniGpt.Model.csproj
// Trains a small GPT on a text and lets it write: dotnet run -c Release samples/train-and-sample.cs [TEXT.txt] [STEPS]
using MiniGpt.Model.Formats;
using MiniGpt.Model.Generation;
using MiniGpt.Model.Training;

string text = args.Length > 0 ? args[0] : "data/tinyshakespeare.txt";
string folder = Path.Combine(Path.GetTempPath(), $"minigpt-sample-{Guid.NewGuid():N}");

TrainingOptions options = TrainingOptions.For(TrainingPreset.Quick) with
{
    Data = [Path.GetFullPath(text)],
    Steps = args.Length > 1 ? int.Parse(args[1]) : 100,
    EvalEvery = 50,
};

// Ctrl-C ends the run after the step that is being taken, and saves it.
using CancellationTokenSource stop = new();
Console.CancelKeyPress += (_, key) => { key.Cancel = true; stop.Cancel(); };

Progress<TrainingUpdate> progress = new(update =>
{
    if (update.Evaluation is { } evaluation)
        Console.WriteLine($"step {update.Step} of {update.Steps}: validation loss {evaluation.ValidationLoss:F3}");
});
TrainingSummary summary = await TrainingRun.RunAsync(folder, options, progress, stop.Token);
Console.WriteLine($"{summary.Step} steps in {summary.Seconds:F0} s, validation loss {summary.ValidationLoss:F3}");

Generator<float> generator = new(ModelFile.Load<float>(folder));
await foreach (string piece in generator.StreamAsync("ROMEO:", new SamplingOptions { Temperature = 0.8 }, tokens: 200))
    Console.Write(piece);
Console.WriteLine();
Directory.Delete(folder, recursive: true);
