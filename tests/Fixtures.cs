namespace MiniGpt.Tests;

/// <summary>Where the recorded numbers are.</summary>
internal static class Fixtures
{
    /// <summary>The folders of whole decoders, one of every family, with a trace of their first steps.</summary>
    public static string[] Decoders { get; } = ["gpt2-tiny", "family/llama-tiny", "family/qwen2-tiny", "family/qwen3-tiny"];

    /// <summary>The path of a file or folder.</summary>
    public static string File(params string[] parts) => Path.Combine([AppContext.BaseDirectory, "fixtures", .. parts]);
}
