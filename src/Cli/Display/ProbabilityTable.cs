using System.Globalization;
using MiniGpt.Cli.Speech;
using MiniGpt.Model.Generation;
using MiniGpt.Model.Tokenizers;
using Spectre.Console;

namespace MiniGpt.Cli.Display;

/// <summary>The likeliest next tokens as a table: rank, token, percentage and a bar, with an arrow at the one that was chosen.</summary>
internal static class ProbabilityTable
{
    private const int BarWidth = 40;

    /// <summary>Prints one.</summary>
    /// <param name="console">Where.</param>
    /// <param name="likeliest">The tokens, likeliest first.</param>
    /// <param name="chosen">The id that was chosen; null where none was.</param>
    /// <param name="tokenizer">Says what tokens look like; ids alone where it is null.</param>
    public static void Print(IAnsiConsole console, IReadOnlyList<NextToken> likeliest, int? chosen, ITokenizer? tokenizer)
    {
        Table table = Output.Table(Messages.Of("table.rank"), Messages.Of("table.token"), Messages.Of("table.percent"), "");
        table.Columns[0].RightAligned();
        table.Columns[2].RightAligned();
        foreach ((int index, NextToken token) in likeliest.Index())
        {
            string bar = new('█', (int)Math.Round(token.Probability * BarWidth));
            table.AddRow(
                new Text($"{index + 1}"),
                new Text(TokenName.Of(token.Id, tokenizer)),
                new Text((100 * token.Probability).ToString("F2", CultureInfo.InvariantCulture)),
                new Text(token.Id == chosen ? Messages.Of("table.chosen", ("bar", bar)) : bar));
        }
        console.Write(table);
        if (chosen is int id && likeliest.All(token => token.Id != id))
            console.WriteLine(Messages.Of("table.chosen-below", ("token", TokenName.Of(id, tokenizer))));
    }
}
