using System.CommandLine;

namespace MiniGpt.Cli.Verbs;

/// <summary>minigpt tokenize: learns tokenizers, and turns text to ids and back.</summary>
internal sealed class TokenizeVerb : Command
{
    public TokenizeVerb()
        : base("tokenize")
    {
        Subcommands.Add(new TokenizeTrainVerb());
        Subcommands.Add(new TokenizeEncodeVerb());
        Subcommands.Add(new TokenizeDecodeVerb());
    }
}
