using System.Globalization;
using System.IO.Enumeration;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace MiniGpt.Bench.Guard;

/// <summary>The guard against getting slower: measures every race and compares with the ratios reached before.</summary>
internal static class GuardCommand
{
    private const double MostLost = 0.15;

    private const string Usage = """
        Measures our kernels and their peers in turn and fails where a ratio has fallen by over 15 % of what bench/ratios.json says for
        this processor and width of vectors. Benchmarks without a peer or a ceiling have no ratio and are left out.

          guard [--update] [--rounds N] [FILTER...]

          --update     keep the ratios of this run in bench/ratios.json
          --rounds N   turns of each (default: 7)
          FILTER       names to measure, with * and ? (default: all), such as MatMul* or *1024*

        Exit codes: 0 all ratios that are kept held, 1 one has fallen or none is kept, 2 wrong usage.
        """;

    public static int Run(ReadOnlySpan<string> arguments)
    {
        bool update = false;
        int rounds = 7;
        var filters = new List<string>();
        for (int i = 0; i < arguments.Length; i++)
        {
            if (arguments[i] is "--help" or "-h")
            {
                Console.WriteLine(Usage);
                return 0;
            }

            if (arguments[i] == "--update")
                update = true;
            else if (arguments[i] == "--rounds" && i + 1 < arguments.Length && int.TryParse(arguments[i + 1], CultureInfo.InvariantCulture, out rounds) && rounds > 0)
                i++;
            else if (arguments[i].StartsWith('-'))
            {
                Console.Error.WriteLine($"guard: cannot use '{arguments[i]}'.\n\n{Usage}");
                return 2;
            }
            else
                filters.Add(arguments[i]);
        }

        Race[] races = [.. Race.All().Where(race => filters.Count == 0 || filters.Any(filter => FileSystemName.MatchesSimpleExpression(filter, race.Name)))];
        if (races.Length == 0)
        {
            Console.Error.WriteLine($"guard: no benchmark is called {string.Join(" or ", filters)}. All: {string.Join("; ", Race.All().Select(race => race.Group).Distinct())}.");
            return 2;
        }

        return Run(races, rounds, update, PathOfRatios());
    }

    private static int Run(Race[] races, int rounds, bool update, string path)
    {
        RatioFile kept;
        try
        {
            kept = RatioFile.Read(path);
        }
        catch (JsonException exception)
        {
            Console.Error.WriteLine($"guard: {path}: {exception.Message}");
            return 1;
        }

        var results = new List<RaceResult>();
        var fallen = new List<string>();
        foreach (Race race in races)
        {
            RaceResult result = race.Run(rounds);
            if (!update && Fallen(result, kept).Any())
            {
                // Something else may have run on this machine: a second, longer look before the verdict.
                result = race.Run(2 * rounds);
            }

            results.Add(result);
            Console.WriteLine(Show(result, kept));
            if (update)
            {
                kept.Set(race.Name, result.Kept);
                kept.Write();
            }
            else
                fallen.AddRange(Fallen(result, kept));
        }

        foreach (var group in results.Where(result => result.Ratios.Count > 0).GroupBy(result => (result.Race.Group, result.Race.Threads)))
        {
            double mean = Math.Exp(group.Average(result => Math.Log(result.RatioToBest)));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{group.Key.Group}, threads {group.Key.Threads}: {mean:F3} of the fastest peer (geometric mean of {group.Count()}), at least {group.Min(result => result.RatioToBest):F3}"));
        }

        foreach (string line in fallen)
            Console.Error.WriteLine($"guard: slower: {line}");

        return fallen.Count == 0 && (update || ReportNotKept(results, kept)) ? 0 : 1;
    }

    /// <summary>Names the races that nothing was compared with; false if that is all of them.</summary>
    private static bool ReportNotKept(List<RaceResult> results, RatioFile kept)
    {
        string[] names = [.. results.Where(result => !result.Kept.Any(pair => kept.Find(result.Race.Name, pair.Name) is not null)).Select(result => result.Race.Name)];
        if (names.Length > 0)
        {
            Console.Error.WriteLine(
                $"guard: {RatioFile.Kind}: no ratio is kept for {names.Length} of {results.Count} (--update keeps this run's): {string.Join("; ", names)}");
        }

        return names.Length < results.Count;
    }

    private static IEnumerable<string> Fallen(RaceResult result, RatioFile kept)
    {
        foreach ((string name, double ratio) in result.Kept)
        {
            if (kept.Find(result.Race.Name, name) is { } before && ratio < (1 - MostLost) * before)
                yield return string.Create(CultureInfo.InvariantCulture, $"{result.Race.Name}: {ratio:F3} of {name}, was {before:F3}");
        }
    }

    private static string Show(RaceResult result, RatioFile kept)
    {
        string line = result.Race.Name.PadRight(48);
        line += result.Work is null
            ? string.Create(CultureInfo.InvariantCulture, $"{1e6 * result.Seconds,9:F1} us     ")
            : string.Create(CultureInfo.InvariantCulture, $"{result.Rate / 1e9,7:F1} {result.Work.Unit,-8}");
        foreach ((string name, double ratio) in result.Kept)
        {
            string before = kept.Find(result.Race.Name, name) is { } value ? string.Create(CultureInfo.InvariantCulture, $" (was {value:F2})") : "";
            line += string.Create(CultureInfo.InvariantCulture, $"  {ratio:F2} of {name}{before}");
        }

        return line;
    }

    /// <summary>Beside this program's sources, wherever it is started.</summary>
    private static string PathOfRatios([CallerFilePath] string thisFile = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(thisFile)!, "..", "ratios.json"));
}
