using System.CommandLine;
using MiniGpt.Model.Data;

namespace MiniGpt.Cli.Options;

/// <summary>A file to read; left out, standard input.</summary>
internal sealed class InputArgument : Argument<string>
{
    public InputArgument(string description)
        : base("FILE")
    {
        Description = description;
        DefaultValueFactory = _ => TextSource.StandardInput;
        Arity = ArgumentArity.ZeroOrOne;
    }

    /// <summary>Opens what was given. Waiting for standard input ends where it is cancelled.</summary>
    public Stream Open(ParseResult arguments, CancellationToken cancellationToken) => arguments.GetRequiredValue(this) is var path && path == TextSource.StandardInput
        ? StandardInput.Open(cancellationToken)
        : InputFile.Open(path);
}
