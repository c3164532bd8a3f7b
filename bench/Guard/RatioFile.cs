using System.Text.Json;
using MiniGpt.Tensors.Simd;

namespace MiniGpt.Bench.Guard;

/// <summary>
/// The ratios reached: for each kind of processor and vector width, each benchmark's ratio to its peers and share of the ceiling. Ratios only,
/// so that the file holds on other machines of the kind.
/// </summary>
internal sealed class RatioFile
{
    private static readonly JsonSerializerOptions s_options = new() { WriteIndented = true };

    private readonly string _path;
    private readonly SortedDictionary<string, SortedDictionary<string, SortedDictionary<string, double>>> _kinds;

    private RatioFile(string path, SortedDictionary<string, SortedDictionary<string, SortedDictionary<string, double>>> kinds)
    {
        _path = path;
        _kinds = kinds;
    }

    /// <summary>This machine's processor and the width of this process's vectors, under which its ratios are kept.</summary>
    public static string Kind => $"{Processor.Name}, {VectorWidth.Bits} bits";

    /// <summary>Reads the file; an absent one is empty.</summary>
    /// <exception cref="JsonException">The file is not what this program wrote.</exception>
    public static RatioFile Read(string path) =>
        new(path, File.Exists(path)
            ? JsonSerializer.Deserialize<SortedDictionary<string, SortedDictionary<string, SortedDictionary<string, double>>>>(File.ReadAllText(path)) ?? []
            : []);

    /// <summary>The ratio that is kept; null if there is none.</summary>
    public double? Find(string benchmark, string ratio) =>
        _kinds.TryGetValue(Kind, out var benchmarks) && benchmarks.TryGetValue(benchmark, out var ratios) && ratios.TryGetValue(ratio, out double value)
            ? value
            : null;

    /// <summary>Replaces what is kept of one benchmark.</summary>
    public void Set(string benchmark, IEnumerable<(string Name, double Ratio)> ratios)
    {
        if (!_kinds.TryGetValue(Kind, out var benchmarks))
            _kinds[Kind] = benchmarks = [];

        benchmarks[benchmark] = new(ratios.ToDictionary(pair => pair.Name, pair => Math.Round(pair.Ratio, 3)));
    }

    public void Write() => File.WriteAllText(_path, JsonSerializer.Serialize(_kinds, s_options) + "\n");
}
