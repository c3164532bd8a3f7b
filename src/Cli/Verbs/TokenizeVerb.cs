using System.CommandLine;
using MiniGpt.Cli.Help;

namespace MiniGpt.Cli.Verbs;

/// <summary>minigpt tokenize: learns tokenizers, and turns text to ids and back.</summary>
internal sealed class TokenizeVerb : Command, IHasExample
{
    public TokenizeVerb()
        : base("tokenize", "verb.tokenize")
    {
        Subcommands.Add(new TokenizeTrainVerb());
        Subcommands.Add(new TokenizeEncodeVerb());
        Subcommands.Add(new TokenizeDecodeVerb());
    }

    public string Example => "minigpt tokenize encode --tokenizer gpt2 chapter.txt | minigpt tokenize decode --tokenizer gpt2";
}
