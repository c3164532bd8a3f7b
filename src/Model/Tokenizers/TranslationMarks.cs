namespace MiniGpt.Model.Tokenizers;

/// <summary>The special tokens of translation, and the marks that say into which language, as in Marian's models of several languages.</summary>
public static class TranslationMarks
{
    /// <summary>The name of the token that fills up shorter sentences, and with which a translation begins.</summary>
    public const string Padding = "<pad>";

    private const string Start = ">>", End = "<<";

    /// <summary>What stands before a sentence to say into which language it goes.</summary>
    /// <param name="language">The language: <c>fr</c>.</param>
    public static string Of(string language) => $"{Start}{language}{End}";

    /// <summary>The language that a token is the mark of; null where it is none.</summary>
    public static string? LanguageOf(string token) =>
        token.StartsWith(Start, StringComparison.Ordinal) && token.EndsWith(End, StringComparison.Ordinal) && token.Length > Start.Length + End.Length
            ? token[Start.Length..^End.Length]
            : null;
}
