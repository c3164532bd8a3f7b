using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using MiniGpt.Autograd;
using MiniGpt.Cli.Display;
using MiniGpt.Cli.Options;
using MiniGpt.Cli.Speech;
using MiniGpt.Model.Data;
using Spectre.Console;

namespace MiniGpt.Cli.Verbs;

/// <summary>minigpt gradcheck: every operator's gradient against central differences, in double.</summary>
internal sealed class GradCheckVerb : Verb
{
    private const ulong DefaultSeed = 1337;

    private readonly Argument<string[]> _operators = new("OPERATOR") { Arity = ArgumentArity.ZeroOrMore };
    private readonly Option<ulong> _seed = OptionFactory.Whole("--seed", ulong.MinValue, ulong.MaxValue).Defaulting(DefaultSeed);
    private readonly Option<bool> _json = new("--json");

    public GradCheckVerb()
        : base("gradcheck")
    {
        Arguments.Add(_operators);
        Options.Add(_seed);
        Options.Add(_json);
    }

    protected override int Run(ParseResult arguments, CancellationToken cancellationToken)
    {
        GradCheckCase[] cases = Select(arguments.GetValue(_operators) ?? []);
        List<(GradCheckCase Case, GradCheckResult Result)> results = [];
        WorkDisplay.Run(Messages.Of("work.checking"), progress =>
        {
            foreach (GradCheckCase check in cases)
            {
                cancellationToken.ThrowIfCancellationRequested();
                progress.Report(new DataProgress(Messages.Of("work.checking"), results.Count, cases.Length));
                results.Add((check, check.Run(arguments.GetValue(_seed))));
            }
            return results.Count;
        });

        if (arguments.GetValue(_json))
            results.ForEach(result => Console.Out.WriteLine(Json(result.Case, result.Result)));
        else
            Show(results);
        int failed = results.Count(result => !result.Result.Passed);
        Talk.Say(failed == 0
            ? Messages.Of("gradcheck.passed", ("count", results.Count))
            : Messages.Of("gradcheck.failed", ("failed", failed), ("count", results.Count)));
        return failed == 0 ? 0 : ExitCode.Failure;
    }

    private static GradCheckCase[] Select(string[] names)
    {
        string[] known = [.. GradCheckCases.All.Select(check => check.Operator).Distinct()];
        if (names.FirstOrDefault(name => !known.Contains(name, StringComparer.OrdinalIgnoreCase)) is string unknown)
            throw new UsageException(Messages.Of("gradcheck.unknown", ("name", unknown), ("names", string.Join(", ", known))));
        return names.Length == 0
            ? [.. GradCheckCases.All]
            : [.. GradCheckCases.All.Where(check => names.Contains(check.Operator, StringComparer.OrdinalIgnoreCase))];
    }

    private static string Json(GradCheckCase check, GradCheckResult result) => new JsonObject
    {
        ["operator"] = check.Operator,
        ["case"] = check.Case,
        ["error"] = double.IsFinite(result.Error) ? result.Error : null,
        ["tolerance"] = result.Tolerance,
        ["coordinates"] = result.Coordinates,
        ["passed"] = result.Passed,
    }.ToJsonString();

    private static void Show(List<(GradCheckCase Case, GradCheckResult Result)> results)
    {
        Table table = Output.Table(
            Messages.Of("gradcheck.operator"), Messages.Of("gradcheck.case"), Messages.Of("gradcheck.error"), Messages.Of("gradcheck.coordinates"), "");
        table.Columns[2].RightAligned();
        table.Columns[3].RightAligned();
        foreach ((GradCheckCase check, GradCheckResult result) in results)
        {
            table.AddRow(
                new Text(check.Operator),
                new Text(check.Case),
                new Text(result.Error.ToString("0.0e+0", CultureInfo.InvariantCulture)),
                new Text(result.Coordinates.ToString(CultureInfo.InvariantCulture)),
                result.Passed ? new Text(Messages.Of("gradcheck.right"), new Style(Color.Green)) : new Text(Messages.Of("gradcheck.wrong"), new Style(Color.Red)));
        }
        Output.Console.Write(table);
    }
}
