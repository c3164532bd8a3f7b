namespace MiniGpt.Model.Tokenizers;

/// <summary>The lines of merges.txt, also called vocab.bpe: a version, and then the two tokens of a merge on each.</summary>
internal static class MergesText
{
    /// <summary>The first line.</summary>
    public const string VersionLine = Version + " 0.2";

    private const string Version = "#version:";

    /// <summary>The merges of a tokenizer, a line each.</summary>
    public static IEnumerable<string> LinesOf(BytePairTokenizer tokenizer) =>
        tokenizer.Merges.Select(merge => $"{tokenizer.AlphabetText(merge.Left)} {tokenizer.AlphabetText(merge.Right)}");

    /// <summary>Reads the merges; empty lines are none.</summary>
    /// <param name="reader">The file.</param>
    /// <param name="wrong">Makes the exception for a line that is no merge, out of what is wrong with it.</param>
    public static List<(string Left, string Right)> Read(TextReader reader, Func<string, Exception> wrong)
    {
        List<(string Left, string Right)> merges = [];
        int number = 0;
        while (reader.ReadLine() is string line)
        {
            number++;
            if (line.Length == 0 || (number == 1 && line.StartsWith(Version, StringComparison.Ordinal)))
                continue;
            merges.Add(TryParse(line, out (string Left, string Right) merge)
                ? merge
                : throw wrong($"line {number} is \"{line}\", two tokens with a space between them expected"));
        }
        return merges;
    }

    /// <summary>The two tokens of "a b"; false where it is not two.</summary>
    public static bool TryParse(string line, out (string Left, string Right) merge)
    {
        int space = line.IndexOf(' ');
        merge = space > 0 ? (line[..space], line[(space + 1)..]) : default;
        return space > 0 && space < line.Length - 1 && merge.Right.IndexOf(' ') < 0;
    }
}
