using System.CommandLine;
using System.Globalization;
using MiniGpt.Cli.Display;
using MiniGpt.Cli.Help;
using MiniGpt.Cli.Options;
using MiniGpt.Cli.Pages;
using MiniGpt.Cli.Speech;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Lessons;

namespace MiniGpt.Cli.Verbs;

/// <summary>minigpt lesson: the worked examples, one at a time.</summary>
internal sealed class LessonVerb : Verb
{
    private static readonly string[] s_names = [.. Lesson.All.Select(lesson => lesson.Name)];

    // What learners search for, where the lesson has another name.
    private static readonly Dictionary<string, string> s_otherNames = new() { ["cross-attention"] = "source-attention" };

    private readonly Argument<string?> _name = new("NAME") { Arity = ArgumentArity.ZeroOrOne };
    private readonly PageOption _out = new();
    private readonly Option<string?> _model = OptionFactory.Text("--model", "PATH");

    public LessonVerb()
        : base("lesson")
    {
        _name.CompletionSources.Add(s_names);
        Arguments.Add(_name);
        foreach (Option option in (IEnumerable<Option>)[_out, _model])
            Options.Add(option);
    }

    protected override int Run(ParseResult arguments, CancellationToken cancellationToken)
    {
        Texts texts = Texts.Of(Messages.Language);
        if (arguments.GetValue(_name) is not string name)
        {
            if (((IEnumerable<Option>)[_out, _model]).FirstOrDefault(arguments.IsGiven) is Option option)
                throw new UsageException(Messages.Of("lesson.no-name", ("option", option.Name), ("program", ProgramName.Current)));
            List(texts);
            return 0;
        }

        name = s_otherNames.GetValueOrDefault(name, name);
        Lesson lesson = Lesson.All.FirstOrDefault(lesson => lesson.Name == name)
            ?? throw new UsageException(Messages.Of(
                "lesson.unknown", ("name", name), ("suggestion", Suggestion.For(name, s_names)), ("names", string.Join(", ", s_names))));
        string? from = Model(arguments, name), path = _out.PathOf(arguments, from is null ? [] : [from]);
        LoadedModel<float>? model = from is null ? null : LessonModel.Read(from, arguments.IsGiven(_model));
        LessonInputs inputs = new(BundledFile.Of(Messages.Language), model, cancellationToken) { Language = Messages.Language };
        LessonResult result = WorkDisplay.Run(Messages.Of("work.lesson"), progress => lesson.Run(inputs with { Progress = progress }));
        Console.Out.WriteLine(string.Join("\n\n", [texts[$"lesson.{name}.title"], Told("idea"), Told("about")]));
        LessonStages stages = new(name, texts);
        foreach ((int index, LessonStage stage) in result.Stages.Index())
            stages.Show(stage, index + 1);
        Console.Out.WriteLine($"\n{texts["lesson.checks"]}");
        foreach (LessonCheck check in result.Checks)
        {
            string line = $"{(check.Passed ? "✓" : "✗")} {texts.OfCheck(name, check.Key)} ({Difference(check, texts)})";
            Console.Out.WriteLine(Prose.Wrapped(line, indent: "  "));
        }

        if (path is not null)
        {
            LessonPage.Write(path, lesson, result, texts);
            Talk.Say(Messages.Of("page.written", ("path", path)));
        }
        return result.Passed ? 0 : ExitCode.Failure;

        string Told(string key) => Prose.Wrapped(texts[$"lesson.{name}.{key}"]);
    }

    private static void List(Texts texts)
    {
        Console.Out.WriteLine(texts["lesson.list"]);
        foreach (Lesson lesson in Lesson.All)
            Console.Out.WriteLine($"  {lesson.Name,-20} {texts[$"lesson.{lesson.Name}.title"]}");
        Talk.Say($"\n{texts["lesson.hint"].Replace("minigpt", ProgramName.Current, StringComparison.Ordinal)}");
    }

    /// <summary>Where the model beside the n-grams is; no other lesson needs one.</summary>
    private string? Model(ParseResult arguments, string lesson)
    {
        if (lesson != "n-gram")
        {
            if (arguments.IsGiven(_model))
                throw new UsageException(Messages.Of("lesson.no-model", ("lesson", lesson)));
            return null;
        }
        return arguments.GetValue(_model) ?? ModelFolder.FindNewest(ModelOption.Runs);
    }

    private static string Difference(LessonCheck check, Texts texts) => string.Create(CultureInfo.InvariantCulture,
        $"{texts["lesson.difference"]} {check.Error:0.0e+0}, {texts["lesson.allowed"]} {check.Tolerance:0.######e+0}");
}
