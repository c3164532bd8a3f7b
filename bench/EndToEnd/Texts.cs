namespace MiniGpt.Bench.EndToEnd;

/// <summary>The texts of data/.</summary>
internal static class Texts
{
    public const string English = "tinyshakespeare.txt";
    public const string Japanese = "wagahaiwa_nekodearu.txt";

    public static byte[] Read(string name) => File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "data", name));
}
