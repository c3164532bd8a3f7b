using System.Text.Json.Nodes;
using MiniGpt.Model.Tokenizers;

namespace MiniGpt.Cli.Display;

/// <summary>How a token is shown: its text in quotes, so that spaces and line ends can be seen.</summary>
internal static class TokenName
{
    /// <summary>The text of a token in quotes; its id where no tokenizer knows it.</summary>
    public static string Of(int id, ITokenizer? tokenizer) => tokenizer is null ? $"{id}"
        : id >= tokenizer.VocabularySize ? $"<{id}>"
        : Visible.Line(JsonValue.Create(tokenizer.TokenText(id)).ToJsonString(Output.ReadableJson));
}
