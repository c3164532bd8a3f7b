using System.Globalization;
using System.Text.Json.Nodes;
using MiniGpt.Cli.Speech;
using MiniGpt.Model.Explanation;
using MiniGpt.Model.Formats;
using Spectre.Console;

namespace MiniGpt.Cli.Display;

/// <summary>Words that were found near something: as a table of rank, word and cosine, or as JSON.</summary>
internal static class NeighbourTable
{
    /// <summary>Prints them on standard output.</summary>
    public static void Print(IReadOnlyList<Neighbour> found, WordVectors vectors)
    {
        Table table = Output.Table(Messages.Of("table.rank"), Messages.Of("table.word"), Messages.Of("table.cosine"));
        table.Columns[0].RightAligned();
        table.Columns[2].RightAligned();
        foreach ((int index, Neighbour neighbour) in found.Index())
        {
            table.AddRow(new Text($"{index + 1}"), new Text(Visible.Line(vectors.TextOf(neighbour.Id))),
                new Text(neighbour.Cosine.ToString("F4", CultureInfo.InvariantCulture)));
        }
        Output.Console.Write(table);
    }

    /// <summary>One JSON object: what was asked, and "neighbours" with "word" and "cosine" each.</summary>
    public static string Json((string Name, JsonNode Value) asked, IReadOnlyList<Neighbour> found, WordVectors vectors) => new JsonObject
    {
        [asked.Name] = asked.Value,
        ["neighbours"] = new JsonArray([.. found.Select(neighbour =>
            (JsonNode)new JsonObject { ["word"] = vectors.TextOf(neighbour.Id), ["cosine"] = neighbour.Cosine })]),
    }.ToJsonString(Output.ReadableJson);
}
