namespace MiniGpt.Tests;

/// <summary>Where the recorded numbers are.</summary>
internal static class Fixtures
{
    public static string File(params string[] parts) => Path.Combine([AppContext.BaseDirectory, "fixtures", .. parts]);
}
