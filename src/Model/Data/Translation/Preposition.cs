namespace MiniGpt.Model.Data.Translation;

/// <summary>A preposition in three languages.</summary>
/// <param name="English">The English words.</param>
/// <param name="French">The French words; what ends in "de" or "à" is contracted with an article.</param>
/// <param name="Japanese">What stands between the Japanese noun and its particle: の上.</param>
internal sealed record Preposition(string English, string[] French, string Japanese)
{
    /// <summary>The Japanese particle where the preposition decides it; elsewhere being somewhere takes に and doing something there で.</summary>
    public string? Particle { get; init; }
}

/// <summary>The prepositions.</summary>
internal static class Prepositions
{
    /// <summary>In a place, which is large enough to need no "inside" in Japanese.</summary>
    public static readonly Preposition InPlace = new("in", ["dans"], "");

    /// <summary>In a box.</summary>
    public static readonly Preposition InContainer = new("in", ["dans"], "の中");

    /// <summary>Where one can be with respect to a large thing.</summary>
    public static readonly Preposition[] AroundLandmarks =
    [
        new("on", ["sur"], "の上"),
        new("under", ["sous"], "の下"),
        new("behind", ["derrière"], "の後ろ"),
        new("in front of", ["devant"], "の前"),
        new("next to", ["à", "côté", "de"], "の隣"),
        new("near", ["près", "de"], "の近く"),
    ];

    public static readonly Preposition To = new("to", ["à"], "") { Particle = "に" };
    public static readonly Preposition From = new("from", ["de"], "") { Particle = "から" };
    public static readonly Preposition Arriving = new("at", ["à"], "") { Particle = "に" };
}

/// <summary>When: words at the end of an English and a French sentence, and behind the topic of a Japanese one.</summary>
internal sealed record TimeWords(string English, string French, string Japanese, Tense Tense)
{
    public static readonly TimeWords[] All =
    [
        new("every day", "tous les jours", "毎日", Tense.Present),
        new("in the morning", "le matin", "朝", Tense.Present),
        new("in the evening", "le soir", "夕方", Tense.Present),
        new("on Sundays", "le dimanche", "日曜日に", Tense.Present),
        new("now", "maintenant", "今", Tense.Progressive),
        new("yesterday", "hier", "昨日", Tense.Past),
        new("last week", "la semaine dernière", "先週", Tense.Past),
        new("tomorrow", "demain", "明日", Tense.Future),
        new("next week", "la semaine prochaine", "来週", Tense.Future),
    ];
}
