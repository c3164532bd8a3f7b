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
    private readonly InputArgument _input = new("The text, read byte for byte; - for standard input.");
    private readonly Option<UnknownCharacter> _unknown = OptionFactory.Choice<UnknownCharacter>(
        "--unknown", "What to do with characters or words that the vocabulary does not have. [default: error]");

    private readonly Option<bool> _pieces = new("--pieces") { Description = "Show the cuts instead: each token's text with its id, a line each." };

    public TokenizeEncodeVerb()
        : base("encode", "verb.tokenize-encode")
    {
        Arguments.Add(_input);
        Options.Add(_tokenizer);
        Options.Add(_unknown);
        Options.Add(_pieces);
    }

    public override string Example => "minigpt tokenize encode --tokenizer gpt2 chapter.txt > ids.txt";

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
