using System.CommandLine;
using MiniGpt.Cli.Options;
using MiniGpt.Model.Data;
using MiniGpt.Model.Tokenizers;

namespace MiniGpt.Cli.Verbs;

/// <summary>minigpt tokenize decode: from ids to text.</summary>
internal sealed class TokenizeDecodeVerb : Verb
{
    private readonly TokenizerOption _tokenizer = new();
    private readonly InputArgument _input = new();

    public TokenizeDecodeVerb()
        : base("decode", computes: false)
    {
        Arguments.Add(_input);
        Options.Add(_tokenizer);
    }

    protected override int Run(ParseResult arguments, CancellationToken cancellationToken)
    {
        ITokenizer tokenizer = _tokenizer.Read(arguments, UnknownCharacter.Error);
        using Stream ids = _input.Open(arguments, cancellationToken);
        using BufferedStream output = new(Console.OpenStandardOutput(), 1 << 16);
        TokenText.Decode(arguments.GetRequiredValue(_input), ids, tokenizer, output, cancellationToken);
        return 0;
    }
}
