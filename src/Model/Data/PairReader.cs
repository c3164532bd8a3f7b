using System.Text;
using MiniGpt.Model.Files;

namespace MiniGpt.Model.Data;

/// <summary>A sentence, its translation, and where they stand.</summary>
/// <param name="Source">The sentence.</param>
/// <param name="Target">Its translation.</param>
/// <param name="File">The file, as the user calls it.</param>
/// <param name="Line">The line, from 1.</param>
public readonly record struct PairLine(string Source, string Target, string File, int Line);

/// <summary>
/// Reads sentence pairs: a pair a line with a tab between, of which further columns are passed over; or two files of as many lines, the second
/// with the translations of the first. Empty lines say nothing, unless they stand in one of two files alone.
/// </summary>
public static class PairReader
{
    /// <summary>Reads the pairs of some texts.</summary>
    /// <param name="corpus">The texts.</param>
    /// <param name="cancellationToken">Stops between two blocks.</param>
    /// <exception cref="FileFormatException">A line has no tab, or an empty side; or one of two files has more lines.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static List<PairLine> Read(TextCorpus corpus, CancellationToken cancellationToken = default)
    {
        IReadOnlyList<TextRange> documents = corpus.Documents;
        List<string>[] lines = [.. documents.Select(document => Lines(document, cancellationToken))];
        bool areTwoSides = documents.Count == 2 && !lines.Any(text => text.Any(line => line.Contains('\t')));
        List<PairLine> pairs = areTwoSides
            ? Join(documents, lines)
            : [.. documents.Zip(lines).SelectMany(document => Cut(document.First, document.Second))];
        return pairs.Count > 0 ? pairs : throw new FileFormatException(documents[0].Name, "no line with a sentence found, pairs expected");
    }

    private static IEnumerable<PairLine> Cut(TextRange document, List<string> lines)
    {
        for (int i = 0; i < lines.Count; i++)
        {
            if (lines[i].Length == 0)
                continue;
            string[] columns = lines[i].Split('\t');
            if (columns.Length < 2)
                throw new FileFormatException(document.Name, $"line {i + 1} has no tab, a sentence, a tab and its translation expected: \"{Excerpt.Of(lines[i], 60)}\"");
            yield return Checked(new PairLine(columns[0].Trim(), columns[1].Trim(), document.Name, i + 1), document.Name);
        }
    }

    private static List<PairLine> Join(IReadOnlyList<TextRange> documents, List<string>[] lines)
    {
        if (lines[0].Count != lines[1].Count)
        {
            throw new FileFormatException(documents[1].Name,
                $"{lines[1].Count} lines found, the {lines[0].Count} of {documents[0].Name} expected; or one file with a tab between a sentence and its translation");
        }
        List<PairLine> pairs = [];
        for (int i = 0; i < lines[0].Count; i++)
        {
            (string source, string target) = (lines[0][i].Trim(), lines[1][i].Trim());
            if (source.Length > 0 || target.Length > 0)
                pairs.Add(Checked(new PairLine(source, target, documents[0].Name, i + 1), documents[source.Length == 0 ? 0 : 1].Name));
        }
        return pairs;
    }

    private static PairLine Checked(PairLine pair, string file) => pair.Source.Length > 0 && pair.Target.Length > 0
        ? pair
        : throw new FileFormatException(file, $"line {pair.Line} has an empty side, a sentence and its translation expected");

    private static List<string> Lines(TextRange document, CancellationToken cancellationToken)
    {
        List<string> lines = [];
        TextBlocks.Read(document.Path, document.Start, document.End, Take, cancellationToken);
        return lines;

        int Take(ReadOnlySpan<byte> block, bool isFinal)
        {
            int done = 0;
            while (block[done..].IndexOf((byte)'\n') is var end and >= 0)
            {
                lines.Add(Text(block.Slice(done, end)));
                done += end + 1;
            }
            if (isFinal && done < block.Length)
            {
                lines.Add(Text(block[done..]));
                done = block.Length;
            }
            return done;
        }

        static string Text(ReadOnlySpan<byte> line) => Encoding.UTF8.GetString(line).TrimEnd('\r');
    }
}
