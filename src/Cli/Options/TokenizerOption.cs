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
        Description = "GPT-2's tokenizer, the folder of a tokenizer or a model, or a file: tokenizer.json, vocab.txt, .gguf, or llama2.c's .bin.";
        HelpName = $"{Gpt2}|PATH";
        Required = true;
    }

    /// <summary>The tokenizer of that name.</summary>
    public static ITokenizer Read(string name, UnknownCharacter unknown) =>
        name == Gpt2 ? Gpt2Tokenizer.Instance : TokenizerFile.Read(name, unknown);

    /// <summary>The tokenizer that was given.</summary>
    public ITokenizer Read(ParseResult arguments, UnknownCharacter unknown) => Read(arguments.GetRequiredValue(this), unknown);
}
