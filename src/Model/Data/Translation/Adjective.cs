namespace MiniGpt.Model.Data.Translation;

/// <summary>How a Japanese adjective changes.</summary>
internal enum JapaneseAdjective
{
    /// <summary>大きい: 大きい犬, 犬は大きいです, 大きくありません.</summary>
    I,

    /// <summary>有名: 有名な犬, 犬は有名です, 有名ではありません.</summary>
    Na,

    /// <summary>緑: 緑の車, 車は緑です, 緑ではありません.</summary>
    No,

    /// <summary>疲れて, really a verb: 疲れた犬, 犬は疲れています, 疲れていません.</summary>
    State,
}

/// <summary>An adjective in three languages.</summary>
/// <param name="English">The plain form.</param>
/// <param name="Comparative">What compares it in English; null for what is not compared, like colours.</param>
/// <param name="French">The masculine singular.</param>
/// <param name="FrenchFeminine">The feminine singular.</param>
/// <param name="Japanese">The dictionary form; of a state, the form in て.</param>
/// <param name="JapaneseKind">How the Japanese word changes.</param>
/// <param name="Suits">The nouns that it makes sense with.</param>
internal sealed record Adjective(
    string English, string? Comparative, string French, string FrenchFeminine, string Japanese, JapaneseAdjective JapaneseKind, NounKind Suits)
{
    /// <summary>Whether it stands before its noun in French, as few and common ones do.</summary>
    public bool StandsBefore { get; init; }

    /// <summary>The masculine singular before a vowel: "un bel oiseau".</summary>
    public string? FrenchBeforeVowel { get; init; }

    /// <summary>Whether it has one form in French, as colours that are nouns: "des chats marron".</summary>
    public bool Invariable { get; init; }

    /// <summary>The French form that agrees with a noun.</summary>
    public string InFrench(bool feminine, bool plural) => (feminine, plural, Invariable) switch
    {
        (_, _, true) or (false, false, _) => French,
        (true, false, _) => FrenchFeminine,
        (true, true, _) => FrenchFeminine + "s",
        _ => FrenchForms.Plural(French),
    };

    /// <summary>The French form before a noun of the singular.</summary>
    public string InFrenchBefore(string noun, bool feminine) =>
        !feminine && FrenchBeforeVowel is not null && FrenchForms.BeginsWithVowel(noun) ? FrenchBeforeVowel : InFrench(feminine, plural: false);

    /// <summary>The Japanese form before a noun.</summary>
    public string JapaneseBeforeNoun => JapaneseKind switch
    {
        JapaneseAdjective.I => Japanese,
        JapaneseAdjective.Na => Japanese + "な",
        JapaneseAdjective.No => Japanese + "の",
        _ => Japanese[..^1] + "た",
    };

    /// <summary>The end of a polite Japanese sentence that says it of its topic.</summary>
    public string JapanesePredicate(bool negative, bool past) => JapaneseKind switch
    {
        JapaneseAdjective.I when negative => Stem + "くありません" + (past ? "でした" : ""),
        JapaneseAdjective.I => past ? Stem + "かったです" : Japanese + "です",
        JapaneseAdjective.State => Japanese + "い" + JapaneseForms.PoliteEnding(negative, past),
        _ => Japanese + JapaneseForms.Copula(negative, past),
    };

    /// <summary>いい alone is irregular: よくありません.</summary>
    private string Stem => Japanese == "いい" ? "よ" : Japanese[..^1];
}
