using System.CommandLine;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Tokenizers;

namespace MiniGpt.Cli.Options;

/// <summary>--tokenizer, GPT-2's or one that is in a folder.</summary>
internal sealed class TokenizerOption : Option<string>
{
    /// <summary>GPT-2's own tokenizer, which is in the program.</summary>
    public const string Gpt2 = "gpt2";

    public TokenizerOption()
        : base("--tokenizer")
    {
        HelpName = $"{Gpt2}|PATH";
        Required = true;
    }

    /// <summary>The option of verbs whose model may be a file that has no tokenizer.</summary>
    public static Option<string?> ForModelWithout() => OptionFactory.Text("--tokenizer", $"{Gpt2}|PATH");

    /// <summary>The tokenizer of that name.</summary>
    public static ITokenizer Read(string name, UnknownCharacter unknown) =>
        name == Gpt2 ? Gpt2Tokenizer.Instance : TokenizerFile.Read(name, unknown);

    /// <summary>The tokenizer that was given.</summary>
    public ITokenizer Read(ParseResult arguments, UnknownCharacter unknown) => Read(arguments.GetRequiredValue(this), unknown);
}
