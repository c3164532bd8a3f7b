using System.Text.Json.Nodes;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Distribution;
using MiniGpt.Model.Training;

namespace MiniGpt.Cli;

/// <summary>What train was asked for, read and checked: nothing is written yet.</summary>
/// <param name="Folder">Where the run goes.</param>
/// <param name="Options">The options of the run.</param>
/// <param name="Model">The model, its parameters filled.</param>
/// <param name="Data">What it learns from.</param>
/// <param name="Notes">What the user should hear of, a line each.</param>
internal sealed record TrainPlan(string Folder, TrainingOptions Options, LanguageModel<float> Model, TrainingData Data, IReadOnlyList<string> Notes)
    : IDisposable
{
    /// <summary>Keys for config.json that mean nothing here.</summary>
    public JsonObject? ExtraKeys { get; init; }

    /// <summary>Where a resumed run goes on; null for a new one.</summary>
    public Checkpoint<float>? Checkpoint { get; init; }

    /// <summary>The folder of a resumed run, locked since its checkpoint was read; null for a new one.</summary>
    public RunFolder? Resumed { get; init; }

    /// <summary>Whether a model in the folder may be replaced.</summary>
    public bool Overwrite { get; init; }

    /// <summary>Makes and locks the folder of a new run; the one of a resumed run is locked already.</summary>
    public RunFolder TakeFolder() => Resumed ?? RunFolder.Create(Folder, Overwrite);

    /// <summary>Prepares the run in its folder, on the first of the ranks.</summary>
    public TrainingRun<float> Start(RunFolder folder, ICollective ranks) => Checkpoint is null
        ? new TrainingRun<float>(folder, Options, Model, Data, ExtraKeys, ranks)
        : new TrainingRun<float>(folder, Options, Checkpoint, Data, ranks);

    /// <summary>Prepares to follow the first of the ranks, on any other one.</summary>
    public TrainingFollower<float> Follow(ICollective ranks) => new(Options, Model, Data, ranks, Checkpoint?.Optimizer);

    public void Dispose()
    {
        Data.Dispose();
        Resumed?.Dispose();
    }
}
