using MiniGpt.Model.Formats;

namespace MiniGpt.Cli.Display;

/// <summary>What a user should hear of a model file that was opened.</summary>
internal static class ModelNotes
{
    private const int MostNamed = 3;

    /// <summary>Names the tensors that were passed over.</summary>
    public static void Say(ModelFile model)
    {
        string[] names = [.. model.StrangeTensors.Select(tensor => tensor.Name)];
        if (names.Length == 0)
            return;
        string more = names.Length > MostNamed ? $" and {names.Length - MostNamed} more" : "";
        Talk.Say($"note: {model.Path} has tensors that are no part of the model and are passed over: {string.Join(", ", names.Take(MostNamed))}{more}");
    }
}
