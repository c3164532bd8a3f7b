using System.CommandLine;
using MiniGpt.Model.Data;
using MiniGpt.Model.Files;

namespace MiniGpt.Cli.Options;

/// <summary>A file to read; left out, standard input.</summary>
internal sealed class InputArgument : Argument<string>
{
    public InputArgument()
        : base("FILE")
    {
        DefaultValueFactory = _ => TextSource.StandardInput;
        Arity = ArgumentArity.ZeroOrOne;
    }

    /// <summary>Opens the text that was given: <see cref="TextInput"/>. Waiting for standard input or a pipe ends where it is cancelled.</summary>
    public Stream Open(ParseResult arguments, CancellationToken cancellationToken) => arguments.GetRequiredValue(this) is var path && path == TextSource.StandardInput
        ? TextInput.Of(path, StandardInput.Open(cancellationToken))
        : TextInput.Open(path, cancellationToken);
}
