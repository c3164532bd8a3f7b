using System.CommandLine;
using System.Globalization;
using MiniGpt.Cli.Display;
using MiniGpt.Cli.Options;
using MiniGpt.Model.Data;
using MiniGpt.Model.Tokenizers;

namespace MiniGpt.Cli.Verbs;

/// <summary>minigpt tokenize encode: from text to ids.</summary>
internal sealed class TokenizeEncodeVerb : Verb
{
    private readonly TokenizerOption _tokenizer = new();
    private readonly InputArgument _input = new();
    private readonly Option<UnknownCharacter> _unknown = OptionFactory.Choice<UnknownCharacter>("--unknown");
    private readonly Option<bool> _pieces = new("--pieces");

    public TokenizeEncodeVerb()
        : base("encode")
    {
        Arguments.Add(_input);
        Options.Add(_tokenizer);
        Options.Add(_unknown);
        Options.Add(_pieces);
    }

    protected override int Run(ParseResult arguments, CancellationToken cancellationToken)
    {
        ITokenizer tokenizer = _tokenizer.Read(arguments, arguments.GetValue(_unknown));
        using Stream text = _input.Open(arguments, cancellationToken);
        using StreamWriter output = new(Console.OpenStandardOutput(), bufferSize: 1 << 16);
        if (arguments.GetValue(_pieces))
        {
            TextTokens.Encode(text, tokenizer, ids => WritePieces(output, tokenizer, ids), cancellationToken);
            return 0;
        }
        string separator = "";
        TextTokens.Encode(text, tokenizer, ids =>
        {
            foreach (int id in ids)
            {
                output.Write(separator);
                output.Write(id.ToString(CultureInfo.InvariantCulture));
                separator = " ";
            }
        }, cancellationToken);
        output.Write('\n');
        return 0;
    }

    private static void WritePieces(StreamWriter output, ITokenizer tokenizer, ReadOnlySpan<int> ids)
    {
        foreach (int id in ids)
            output.Write(string.Create(CultureInfo.InvariantCulture, $"{id}\t{TokenName.Of(id, tokenizer)}\n"));
    }
}
