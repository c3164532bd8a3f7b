using System.Text.RegularExpressions;
using Xunit;

namespace MiniGpt.Tests.Architecture;

/// <summary>The list of mutants follows the source: a line that was changed is changed there too, before `tests/mutation/run` misses it.</summary>
public partial class MutantsTests
{
    [Fact]
    public void Every_line_that_a_mutant_breaks_stands_exactly_once_in_its_file()
    {
        string root = Sources.FindRoot(), file = "", source = "";
        int mutants = 0;
        foreach (string line in File.ReadLines(Path.Combine(root, "tests", "mutation", "mutants.txt")))
        {
            if (SourceFile().IsMatch(line))
                (file, source) = (line, File.ReadAllText(Path.Combine(root, line)));
            else if (line.StartsWith("- ", StringComparison.Ordinal))
            {
                mutants++;
                Assert.True(source.Split(line[2..]).Length == 2, $"{file}: found {source.Split(line[2..]).Length - 1} times, once expected: {line[2..]}");
            }
        }
        Assert.InRange(mutants, 100, int.MaxValue);
    }

    [GeneratedRegex(@"^src/\S+\.cs$")]
    private static partial Regex SourceFile();
}
