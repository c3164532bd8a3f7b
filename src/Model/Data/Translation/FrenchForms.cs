namespace MiniGpt.Model.Data.Translation;

/// <summary>What French words do to each other: plurals, elision and contraction.</summary>
internal static class FrenchForms
{
    /// <summary>An h at the beginning is silent, and a vowel is heard, but for these words: "le hibou", not "l'hibou".</summary>
    private static readonly HashSet<string> s_aspirated = ["hibou", "hiboux", "hamster", "hamsters", "hérisson", "hérissons", "huit"];

    private static readonly HashSet<string> s_elided = ["le", "la", "je", "ne", "de", "que", "ce"];

    /// <summary>The regular plural of a noun or of a masculine adjective.</summary>
    public static string Plural(string singular) => singular switch
    {
        [.., 's' or 'x' or 'z'] => singular,
        [.. string stem, 'a', 'l'] => stem + "aux",
        [.., 'e', 'a', 'u'] => singular + "x",
        _ => singular + "s",
    };

    /// <summary>Whether a word begins with a vowel to the ear.</summary>
    public static bool BeginsWithVowel(string word) => "aeiouyàâéèêëîïôûœh".Contains(word[0]) && !s_aspirated.Contains(word);

    /// <summary>Joins words to a sentence: "de le chat" becomes "du chat", "le oiseau" "l'oiseau".</summary>
    public static string Join(IReadOnlyList<string> words)
    {
        List<string> joined = [];
        for (int i = 0; i < words.Count; i++)
        {
            string word = words[i];
            string next = i + 1 < words.Count ? words[i + 1] : "";
            if (IsElided(words, i))
                joined.Add(word[..^1] + "'");
            else if (Contracted(word, next) is string contracted && !IsElided(words, i + 1))
            {
                joined.Add(contracted + " ");
                i++;
            }
            else
                joined.Add(word + " ");
        }

        return string.Concat(joined).TrimEnd();
    }

    private static bool IsElided(IReadOnlyList<string> words, int i) =>
        i + 1 < words.Count && s_elided.Contains(words[i]) && BeginsWithVowel(words[i + 1]);

    private static string? Contracted(string word, string next) => (word, next) switch
    {
        ("à", "le") => "au",
        ("à", "les") => "aux",
        ("de", "le") => "du",
        ("de", "les") => "des",
        _ => null,
    };
}
