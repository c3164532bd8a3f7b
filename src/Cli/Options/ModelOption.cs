using System.CommandLine;
using MiniGpt.Cli.Help;
using MiniGpt.Cli.Speech;
using MiniGpt.Model.Formats;

namespace MiniGpt.Cli.Options;

/// <summary>--model, a model folder, a .gguf or an llm.c file; left out, the newest run.</summary>
internal sealed class ModelOption : Option<string?>
{
    /// <summary>Where runs go that are given no folder.</summary>
    public const string Runs = "runs";

    public ModelOption()
        : base("--model")
    {
        HelpName = "PATH";
    }

    /// <summary>The model that was given, else the newest run.</summary>
    /// <exception cref="UsageException">None was given, and there is no run.</exception>
    public string PathOf(ParseResult arguments) => arguments.GetValue(this)
        ?? ModelFolder.FindNewest(Runs)
        ?? throw new UsageException(Messages.Of("model.none", ("runs", Runs), ("program", ProgramName.Current)));
}
