using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using MiniGpt.Cli.Speech;
using MiniGpt.Model.Files;
using MiniGpt.Model.Tokenizers;

namespace MiniGpt.Cli.Options;

/// <summary>The three ways to say what a sample continues.</summary>
internal sealed class PromptArguments
{
    private const int LongestPrompt = 64 << 20; // bytes

    private readonly Option<string?> _text = OptionFactory.Text(OptionFactory.PromptName, "TEXT");
    private readonly Option<string?> _file = OptionFactory.Text("--prompt-file", "FILE");
    private readonly Option<int[]?> _ids = new("--prompt-ids")
    {
        HelpName = "1,2,3",
        CustomParser = ParseIds,
    };

    /// <summary>All of them, in the order of the help.</summary>
    public IEnumerable<Option> All => [_text, _file, _ids];

    /// <summary>Makes sure that at most one is given.</summary>
    /// <exception cref="UsageException">More are.</exception>
    public void Check(ParseResult arguments)
    {
        string[] given = [.. All.Where(arguments.IsGiven).Select(option => option.Name)];
        if (given.Length > 1)
            throw new UsageException(Messages.Of("sample.one-prompt", ("given", string.Join(Messages.Of("sample.and"), given))));
    }

    /// <summary>The ids of what was given; none of nothing.</summary>
    /// <exception cref="UsageException">It is a text, and the model has no tokenizer.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public int[] Read(ParseResult arguments, string model, ITokenizer? tokenizer, CancellationToken cancellationToken)
    {
        if (arguments.IsGiven(_ids))
            return arguments.GetValue(_ids)!;
        // Bytes, not characters: a byte-level tokenizer has tokens for what is no UTF-8.
        byte[]? bytes = arguments.GetValue(_file) is string file ? TextInput.ReadAll(file, LongestPrompt, cancellationToken) : null;
        string text = arguments.GetValue(_text) ?? "";
        if ((bytes?.Length ?? text.Length) == 0)
            return [];
        if (tokenizer is null)
            throw new UsageException(Messages.Of("sample.no-prompt-tokenizer", ("model", model)));
        return [.. tokenizer.Ends.Before, .. bytes is null ? tokenizer.Encode(text) : tokenizer.EncodeUtf8(bytes)];
    }

    private static int[]? ParseIds(ArgumentResult result)
    {
        string text = result.Tokens is [Token token, ..] ? token.Value : "";
        string[] parts = text.Split(',', StringSplitOptions.TrimEntries);
        int[] ids = new int[parts.Length];
        for (int i = 0; i < parts.Length; i++)
        {
            if (!int.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out ids[i]))
            {
                result.AddError(Messages.Of("option.ids", ("found", text)));
                return null;
            }
        }
        return ids;
    }
}
