namespace MiniGpt.Model.Tasks;

/// <summary>The special tokens of translation, and the marks that say into which language.</summary>
public static class TranslationMarks
{
    /// <summary>The name of the token that fills up shorter sentences, and with which a translation begins.</summary>
    public const string Padding = "<pad>";

    /// <summary>What stands before a sentence to say into which language it goes, as in Marian's models of several languages.</summary>
    /// <param name="language">The language: <c>fr</c>.</param>
    public static string Of(string language) => $">>{language}<<";
}
