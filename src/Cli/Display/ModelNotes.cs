using MiniGpt.Cli.Speech;
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
        string named = string.Join(", ", names.Take(MostNamed));
        if (names.Length > MostNamed)
            named = Messages.Of("strange-tensors.more", ("names", named), ("count", names.Length - MostNamed));
        Talk.Note(Messages.Of("strange-tensors", ("path", model.Path), ("names", named)));
    }
}
