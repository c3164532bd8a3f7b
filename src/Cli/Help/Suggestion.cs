using MiniGpt.Cli.Speech;

namespace MiniGpt.Cli.Help;

/// <summary>What somebody may have meant who mistyped a name.</summary>
internal static class Suggestion
{
    private const int LettersPerSlip = 3; // a short name may have one slip, a long one several

    /// <summary>"; did you mean 'train'?", or nothing where no name is near.</summary>
    public static string For(string found, IEnumerable<string> known) => Nearest(found, known) is string name ? Messages.Of("suggestion", ("name", name)) : "";

    /// <summary>The name with the fewest slips; null where all have too many.</summary>
    public static string? Nearest(string found, IEnumerable<string> known)
    {
        int most = Math.Max(1, found.Trim('-').Length / LettersPerSlip);
        return known.Select(name => (Name: name, Slips: Slips(found, name)))
            .Where(candidate => candidate.Slips <= most)
            .OrderBy(candidate => candidate.Slips)
            .Select(candidate => candidate.Name)
            .FirstOrDefault();
    }

    /// <summary>
    /// How many letters must be put in, left out, changed, or exchanged with the next one to make one text of the other
    /// (Damerau 1964, each place touched once).
    /// </summary>
    public static int Slips(string found, string name)
    {
        int[,] slips = new int[found.Length + 1, name.Length + 1];
        for (int i = 0; i <= found.Length; i++)
        {
            for (int j = 0; j <= name.Length; j++)
            {
                if (i == 0 || j == 0)
                {
                    slips[i, j] = i + j;
                    continue;
                }
                int changed = slips[i - 1, j - 1] + (found[i - 1] == name[j - 1] ? 0 : 1);
                int least = Math.Min(changed, Math.Min(slips[i - 1, j], slips[i, j - 1]) + 1);
                bool areExchanged = i > 1 && j > 1 && found[i - 1] == name[j - 2] && found[i - 2] == name[j - 1];
                slips[i, j] = areExchanged ? Math.Min(least, slips[i - 2, j - 2] + 1) : least;
            }
        }
        return slips[found.Length, name.Length];
    }
}
