using System.Text.Json.Nodes;
using MiniGpt.Model;
using MiniGpt.Model.Training;

namespace MiniGpt.Cli;

/// <summary>What train was asked for, read and checked: nothing is written yet.</summary>
/// <param name="Folder">Where the run goes.</param>
/// <param name="Options">The options of the run.</param>
/// <param name="Gpt">The model, its parameters filled.</param>
/// <param name="Data">What it learns from.</param>
/// <param name="Notes">What the user should hear of, a line each.</param>
internal sealed record TrainPlan(string Folder, TrainingOptions Options, Gpt<float> Gpt, TrainingData Data, IReadOnlyList<string> Notes)
    : IDisposable
{
    /// <summary>Keys for config.json that mean nothing here.</summary>
    public JsonObject? ExtraKeys { get; init; }

    /// <summary>Where a resumed run goes on; null for a new one.</summary>
    public Checkpoint<float>? Checkpoint { get; init; }

    /// <summary>Whether a model in the folder may be replaced.</summary>
    public bool Overwrite { get; init; }

    /// <summary>Prepares the run, and the folder of a new one.</summary>
    public TrainingRun<float> Start()
    {
        if (Checkpoint is not null)
            return new TrainingRun<float>(Folder, Options, Checkpoint, Data);
        TrainingRun<float> run = new(Folder, Options, Gpt, Data, ExtraKeys);
        try
        {
            RunFolder.Create(Folder, Overwrite);
            return run;
        }
        catch
        {
            run.Dispose();
            throw;
        }
    }

    public void Dispose() => Data.Dispose();
}
