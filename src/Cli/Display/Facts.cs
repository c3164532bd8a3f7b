namespace MiniGpt.Cli.Display;

/// <summary>Results as lines of a name and a value, the values in a column of their own.</summary>
internal static class Facts
{
    private const int Gap = 2;

    /// <summary>Writes them.</summary>
    public static string Of(params IEnumerable<(string Name, string Value)> facts)
    {
        (string Name, string Value)[] all = [.. facts];
        int column = all.Max(fact => Prose.Columns(fact.Name)) + Gap;
        return string.Join('\n', all.Select(fact => $"{fact.Name}{new string(' ', column - Prose.Columns(fact.Name))}{fact.Value}"));
    }
}
