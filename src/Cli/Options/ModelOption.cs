using System.CommandLine;
using MiniGpt.Model.Formats;

namespace MiniGpt.Cli.Options;

/// <summary>--model, a model folder; left out, the newest run.</summary>
internal sealed class ModelOption : Option<string?>
{
    /// <summary>Where runs go that are given no folder.</summary>
    public const string Runs = "runs";

    public ModelOption()
        : base("--model")
    {
        Description = $"The model folder. [default: the newest run under {Runs}]";
        HelpName = "DIR";
    }

    /// <summary>The folder that was given, else the newest run.</summary>
    /// <exception cref="UsageException">None was given, and there is no run.</exception>
    public string PathOf(ParseResult arguments) => arguments.GetValue(this)
        ?? ModelFolder.FindNewest(Runs)
        ?? throw new UsageException(
            $"no --model is given and there is no model under {Runs}; minigpt train makes one, --model DIR names one elsewhere");
}
