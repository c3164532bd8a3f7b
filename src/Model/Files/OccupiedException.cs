namespace MiniGpt.Model.Files;

/// <summary>A path that something new was to have is taken, and nobody said that what is there may be overwritten.</summary>
/// <param name="path">The path.</param>
/// <param name="found">What is there, as the end of the sentence that begins with the path.</param>
/// <param name="hasModel">Whether it is a folder with a model, whose training could go on.</param>
public sealed class OccupiedException(string path, string found, bool hasModel) : ArgumentException($"{path} {found} already")
{
    /// <summary>The path.</summary>
    public string Path { get; } = path;

    /// <summary>Whether it is a folder with a model, whose training could go on.</summary>
    public bool HasModel { get; } = hasModel;
}
