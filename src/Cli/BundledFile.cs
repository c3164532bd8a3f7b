using MiniGpt.Model.Lessons;
using MiniGpt.Model.Training;

namespace MiniGpt.Cli;

/// <summary>The texts that come with the program, as files beside it.</summary>
internal static class BundledFile
{
    /// <summary>The path of one.</summary>
    public static string Of(BundledText text) =>
        Path.Combine(AppContext.BaseDirectory, "data", text == BundledText.Novel ? "wagahai.txt" : "tinyshakespeare.txt");

    /// <summary>The path of the one in a language.</summary>
    public static string Of(Language language) => Of(language == Language.Japanese ? BundledText.Novel : BundledText.Shakespeare);
}
