using System.Globalization;
using System.IO.Compression;
using System.Reflection;
using System.Text;

namespace MiniGpt.Model.Tokenizers;

/// <summary>
/// The normal forms NFC and NFD (Unicode Standard Annex 15): characters put together with their accents, or taken apart from them. .NET leaves
/// text as it is where the program brings no library of its own for cultures.
/// </summary>
internal static class UnicodeNormalization
{
    private const string Resource = "MiniGpt.Model.Tokenizers.Unicode.decompositions.txt.br";
    private const int FirstAffected = 0xC0; // no character below is made of others, or follows another as an accent

    // Hangul syllables are made of their letters by arithmetic.
    private const int Syllables = 0xAC00, Leads = 0x1100, Vowels = 0x1161, Trails = 0x11A7;
    private const int VowelCount = 21, TrailCount = 28, SyllableCount = 19 * VowelCount * TrailCount;

    private static readonly Lazy<Tables> s_tables = new(Tables.Load);

    /// <summary>NFC: every character and its accents as one where there is one.</summary>
    public static string Compose(string text) => IsUnaffected(text) ? text : ToText(Composed(Decomposed(text)));

    /// <summary>NFD: every character apart from its accents, these in their order.</summary>
    public static string Decompose(string text) => IsUnaffected(text) ? text : ToText(Decomposed(text));

    private static bool IsUnaffected(string text) => !text.AsSpan().ContainsAnyExceptInRange('\0', (char)(FirstAffected - 1));

    private static List<int> Decomposed(string text)
    {
        List<int> values = new(text.Length);
        foreach (Rune character in text.EnumerateRunes())
            Decompose(character.Value, values);
        Order(values);
        return values;
    }

    private static void Decompose(int value, List<int> into)
    {
        if (value - Syllables is >= 0 and < SyllableCount and int index)
        {
            into.Add(Leads + (index / (VowelCount * TrailCount)));
            into.Add(Vowels + (index / TrailCount % VowelCount));
            if (index % TrailCount != 0)
                into.Add(Trails + (index % TrailCount));
        }
        else if (value >= FirstAffected && s_tables.Value.Parts.TryGetValue(value, out int[]? parts))
        {
            foreach (int part in parts)
                Decompose(part, into);
        }
        else
            into.Add(value);
    }

    /// <summary>Puts accents of one character into the order of their classes; equal ones stay in theirs.</summary>
    private static void Order(List<int> values)
    {
        for (int start = 0; start < values.Count; start++)
        {
            if (ClassOf(values[start]) == 0)
                continue;
            int end = start + 1;
            while (end < values.Count && ClassOf(values[end]) != 0)
                end++;
            if (end - start > 1)
            {
                int[] ordered = [.. values.GetRange(start, end - start).OrderBy(ClassOf)]; // a stable sort
                for (int i = 0; i < ordered.Length; i++)
                    values[start + i] = ordered[i];
            }
            start = end;
        }
    }

    private static List<int> Composed(List<int> values)
    {
        List<int> composed = new(values.Count);
        int starter = -1, lastClass = -1; // of what was written behind the starter; -1 where that is nothing
        foreach (int value in values)
        {
            int combining = ClassOf(value);
            if (starter >= 0 && lastClass < combining && TryJoin(composed[starter], value, out int joined))
            {
                composed[starter] = joined;
                continue;
            }
            composed.Add(value);
            if (combining == 0)
                (starter, lastClass) = (composed.Count - 1, -1);
            else
                lastClass = combining;
        }
        return composed;
    }

    private static bool TryJoin(int left, int right, out int joined)
    {
        if (left - Leads is >= 0 and < 19 and int lead && right - Vowels is >= 0 and < VowelCount and int vowel)
        {
            joined = Syllables + (((lead * VowelCount) + vowel) * TrailCount);
            return true;
        }
        if (left - Syllables is >= 0 and < SyllableCount and int syllable && syllable % TrailCount == 0
            && right - Trails is > 0 and < TrailCount and int trail)
        {
            joined = left + trail;
            return true;
        }
        return s_tables.Value.Joined.TryGetValue((left, right), out joined);
    }

    private static int ClassOf(int value) => value < 0x300 ? 0 : s_tables.Value.Classes.GetValueOrDefault(value);

    private static string ToText(List<int> values)
    {
        StringBuilder text = new(values.Count);
        foreach (int value in values)
            text.Append(new Rune(value));
        return text.ToString();
    }

    private sealed class Tables
    {
        public Dictionary<int, int[]> Parts { get; } = [];

        public Dictionary<(int Left, int Right), int> Joined { get; } = [];

        public Dictionary<int, int> Classes { get; } = [];

        public static Tables Load()
        {
            using Stream resource = Assembly.GetExecutingAssembly().GetManifestResourceStream(Resource)!;
            using BrotliStream file = new(resource, CompressionMode.Decompress);
            using StreamReader reader = new(file);
            Tables tables = new();
            reader.ReadLine(); // says what this is
            while (reader.ReadLine() is string line and not "-")
            {
                int[] values = [.. line.TrimStart('=').Split(' ').Select(Hexadecimal)];
                tables.Parts.Add(values[0], values[1..]);
                if (line[0] == '=')
                    tables.Joined.Add((values[1], values[2]), values[0]);
            }
            while (reader.ReadLine() is string line)
            {
                string[] parts = line.Split(' ');
                for (int value = Hexadecimal(parts[1]); value <= Hexadecimal(parts[2]); value++)
                    tables.Classes.Add(value, int.Parse(parts[0], CultureInfo.InvariantCulture));
            }
            return tables;
        }

        private static int Hexadecimal(string text) => int.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
    }
}
