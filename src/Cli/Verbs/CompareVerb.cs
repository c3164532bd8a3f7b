using System.CommandLine;
using System.Globalization;
using MiniGpt.Cli.Display;
using MiniGpt.Cli.Options;
using MiniGpt.Cli.Pages;
using MiniGpt.Cli.Speech;
using MiniGpt.Model.Training;
using Spectre.Console;

namespace MiniGpt.Cli.Verbs;

/// <summary>minigpt compare: training curves of several runs over each other.</summary>
internal sealed class CompareVerb : Verb
{
    private readonly Argument<string[]> _runs = new("DIR") { Arity = ArgumentArity.OneOrMore };
    private readonly PageOption _out = new();

    public CompareVerb()
        : base("compare", computes: false)
    {
        _out.Required = true;
        Arguments.Add(_runs);
        foreach (Option option in (IEnumerable<Option>)[_out])
            Options.Add(option);
    }

    protected override int Run(ParseResult arguments, CancellationToken cancellationToken)
    {
        string[] folders = arguments.GetRequiredValue(_runs);
        string path = _out.PathOf(arguments, folders)!;
        TrainingHistory[] runs = [.. folders.Select(TrainingHistory.Read)];
        CurvesPage.Write(path, runs, Texts.Of(Messages.Language));

        Table table = Output.Table(
            Messages.Of("compare.run"), Messages.Of("compare.steps"), Messages.Of("compare.tokens"), Messages.Of("compare.best"), Messages.Of("compare.last"));
        foreach (TableColumn column in table.Columns.Skip(1))
            column.RightAligned();
        foreach (TableColumn loss in table.Columns.Skip(3))
            loss.NoWrap = false; // a narrow terminal breaks these headings, and no names or numbers
        foreach (TrainingHistory run in runs)
        {
            // How many tokens there were is unknown where no step was logged.
            table.AddRow(new Text(run.Name), new Text($"{run.LastStep}"), new Text(run.Tokens > 0 ? $"{run.Tokens:N0}" : ""),
                new Text(Written(run.BestValidationLoss)), new Text(Written(run.LastValidationLoss)));
        }
        Output.Console.Write(table);
        Talk.Say(Messages.Of("page.written-open", ("path", path)));
        return 0;
    }

    private static string Written(double? loss) => loss?.ToString("F4", CultureInfo.InvariantCulture) ?? "";
}
