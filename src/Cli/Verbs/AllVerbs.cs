using System.CommandLine;
using System.CommandLine.Help;
using MiniGpt.Cli.Help;
using MiniGpt.Cli.Options;

namespace MiniGpt.Cli.Verbs;

/// <summary>The program: all its verbs.</summary>
internal sealed class AllVerbs : RootCommand, IHasGroups
{
    private static readonly (string Name, Func<Command> Make)[] s_verbs =
    [
        ("train", () => new TrainVerb()), ("sample", () => new SampleVerb()), ("eval", () => new EvalVerb()), ("explain", () => new ExplainVerb()),
        ("trace", () => new TraceVerb()), ("lesson", () => new LessonVerb()), ("compare", () => new CompareVerb()), ("fill", () => new FillVerb()), ("embed", () => new EmbedVerb()),
        ("translate", () => new TranslateVerb()), ("word2vec", () => new Word2VecVerb()), ("serve", () => new ServeVerb()), ("inspect", () => new InspectVerb()),
        ("convert", () => new ConvertVerb()), ("tokenize", () => new TokenizeVerb()), ("gradcheck", () => new GradCheckVerb()),
        ("completion", () => new CompletionVerb()), ("help", () => new HelpVerb()),
    ];

    /// <summary>The verbs of a command line.</summary>
    /// <param name="first">
    /// Its first word. Where that is a verb, the others are not made: a program that starts compiles each option of each of them. But help knows
    /// all of them.
    /// </param>
    public AllVerbs(string? first = null)
    {
        bool isAlone = s_verbs.Any(verb => verb.Name == first) && first != "help";
        foreach ((string name, Func<Command> make) in s_verbs)
        {
            if (!isAlone || name == first)
                Subcommands.Add(make());
        }

        HelpOption help = Options.OfType<HelpOption>().Single();
        help.Action = new HelpPage();
        help.Aliases.Clear();
        help.Aliases.Add("-h");
        Options.Add(LanguageOption.Create());
        VersionOption version = Options.OfType<VersionOption>().Single();
        version.Aliases.Add("-v");
    }

    public IReadOnlyList<(string Heading, IReadOnlyList<string> Names)> Groups { get; } =
    [
        ("group.everyday", ["train", "sample", "eval", "serve"]),
        ("group.understand", ["explain", "trace", "lesson", "compare", "inspect", "gradcheck"]),
        ("group.others", ["fill", "embed", "translate", "word2vec"]),
        ("group.files", ["convert", "tokenize"]),
        ("group.command-line", ["completion", "help"]),
    ];
}
