using System.CommandLine;
using System.Globalization;
using MiniGpt.Cli.Display;
using MiniGpt.Cli.Options;
using MiniGpt.Cli.Pages;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Lessons;
using Spectre.Console;

namespace MiniGpt.Cli.Verbs;

/// <summary>minigpt lesson: the worked examples, one at a time.</summary>
internal sealed class LessonVerb : Verb
{
    // As many fit into a terminal of 80 columns with four decimals; more of them have two.
    private const int MostWideColumns = 8;

    private readonly Argument<string?> _name = new("NAME")
    {
        Description = "The lesson. Left out, the lessons are listed.",
        Arity = ArgumentArity.ZeroOrOne,
    };
    private readonly PageOption _out = new("Also write the lesson as a page with charts.");
    private readonly Option<Language> _language = LanguageOption.Create();
    private readonly Option<string?> _model = OptionFactory.Text("--model", "PATH",
        $"n-gram: the model to stand beside the counts. [default: the newest run under {ModelOption.Runs}, if there is one]");

    public LessonVerb()
        : base("lesson", "Worked examples that show each stage of a computation and check themselves.")
    {
        Arguments.Add(_name);
        foreach (Option option in (IEnumerable<Option>)[_out, _language, _model])
            Options.Add(option);
    }

    public override string Example => "minigpt lesson attention --out attention.html";

    protected override int Run(ParseResult arguments, CancellationToken cancellationToken)
    {
        Texts texts = Texts.Of(arguments.GetValue(_language));
        if (arguments.GetValue(_name) is not string name)
        {
            if (((IEnumerable<Option>)[_out, _model]).FirstOrDefault(arguments.IsGiven) is Option option)
                throw new UsageException($"{option.Name} goes with the NAME of a lesson, none is given; minigpt lesson lists them");
            List(texts);
            return 0;
        }

        Lesson lesson = Lesson.All.FirstOrDefault(lesson => lesson.Name == name)
            ?? throw new UsageException($"there is no lesson '{name}'; there are {string.Join(", ", Lesson.All.Select(lesson => lesson.Name))}");
        string? from = Model(arguments, name), path = _out.PathOf(arguments, from is null ? [] : [from]);
        LoadedModel<float>? model = from is null ? null : LessonModel.Read(from, arguments.IsGiven(_model));
        LessonResult result = lesson.Run(new LessonInputs(BundledText.Path, model, cancellationToken));
        Console.Out.WriteLine(string.Join("\n\n", [texts[$"lesson.{name}.title"], Told("idea"), Told("about")]));
        foreach ((LessonStage stage, int index) in result.Stages.Select((stage, index) => (stage, index)))
            Show(stage, index + 1, name, texts);
        Console.Out.WriteLine($"\n{texts["lesson.checks"]}");
        foreach (LessonCheck check in result.Checks)
        {
            string line = $"{(check.Passed ? "✓" : "✗")} {texts.OfCheck(name, check.Key)} ({Difference(check, texts)})";
            Console.Out.WriteLine(Prose.Wrapped(line, indent: "  "));
        }

        if (path is not null)
        {
            LessonPage.Write(path, lesson, result, texts);
            Talk.Say($"written to {path}");
        }
        return result.Passed ? 0 : ExitCode.Failure;

        string Told(string key) => Prose.Wrapped(texts[$"lesson.{name}.{key}"]);
    }

    private static void List(Texts texts)
    {
        Console.Out.WriteLine(texts["lesson.list"]);
        foreach (Lesson lesson in Lesson.All)
            Console.Out.WriteLine($"  {lesson.Name,-18} {texts[$"lesson.{lesson.Name}.title"]}");
        Talk.Say($"\n{texts["lesson.hint"]}");
    }

    /// <summary>Where the model beside the n-grams is; no other lesson needs one.</summary>
    private string? Model(ParseResult arguments, string lesson)
    {
        if (lesson != "n-gram")
        {
            if (arguments.IsGiven(_model))
                throw new UsageException($"--model is for the lesson n-gram; {lesson} needs no model");
            return null;
        }
        return arguments.GetValue(_model) ?? ModelFolder.FindNewest(ModelOption.Runs);
    }

    private static void Show(LessonStage stage, int number, string lesson, Texts texts)
    {
        Console.Out.WriteLine($"\n{number}. {texts[$"lesson.{lesson}.{stage.Key}"]}\n{Prose.Wrapped(texts[$"lesson.{lesson}.{stage.Key}.look"], indent: "   ")}");
        (IReadOnlyList<string> rows, IReadOnlyList<string> columns) = StageNames.Of(stage, lesson, texts);
        // A word with its meaning is wider than a number: the meaning goes below.
        Table table = Output.Table(["", .. columns.Select(name => name.Replace(" (", "\n("))]);
        bool isWide = columns.Count > MostWideColumns;
        foreach (TableColumn column in table.Columns.Skip(1))
        {
            column.RightAligned();
            if (isWide)
                column.Padding(0, 1);
        }
        for (int row = 0; row < rows.Count; row++)
            table.AddRow([new Text(rows[row]), .. stage.Row(row).Select(value => new Text(Written(value, isWide ? "F2" : "F4")))]);
        Output.Console.Write(table);
    }

    private static string Written(double value, string format) => value switch
    {
        double.NegativeInfinity => "−∞",
        _ when double.IsInteger(value) => value.ToString("0", CultureInfo.InvariantCulture),
        _ => value.ToString(format, CultureInfo.InvariantCulture),
    };

    private static string Difference(LessonCheck check, Texts texts) => string.Create(CultureInfo.InvariantCulture,
        $"{texts["lesson.difference"]} {check.Error:0.0e+0}, {texts["lesson.allowed"]} {check.Tolerance:0.######e+0}");
}
