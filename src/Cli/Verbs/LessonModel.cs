using MiniGpt.Cli.Display;
using MiniGpt.Cli.Speech;
using MiniGpt.Model.Files;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Lessons;

namespace MiniGpt.Cli.Verbs;

/// <summary>The model that stands beside the tables of the lesson n-gram.</summary>
internal static class LessonModel
{
    /// <summary>
    /// Reads it. A model that was not asked for, the newest run, may have learned from another text and be unable to read this one: then the
    /// tables stand alone, and a note says why.
    /// </summary>
    /// <param name="path">The folder or file.</param>
    /// <param name="isGiven">Whether it was asked for.</param>
    /// <exception cref="ArgumentException">The model that was asked for cannot read the text.</exception>
    /// <exception cref="FileFormatException">It is no model.</exception>
    public static LoadedModel<float>? Read(string path, bool isGiven)
    {
        try
        {
            LoadedModel<float> model = ModelReading.Load(path);
            LessonInputs.CheckModel(model, BundledFile.Of(Messages.Language));
            return model;
        }
        catch (Exception error) when (!isGiven && error is (ArgumentException or FileFormatException))
        {
            Talk.Note(Messages.Of("lesson.model-unread", ("reason", LibraryMessages.Translated(error.Message))));
            return null;
        }
    }
}
