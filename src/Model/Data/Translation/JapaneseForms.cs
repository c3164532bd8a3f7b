namespace MiniGpt.Model.Data.Translation;

/// <summary>How Japanese verbs change.</summary>
internal enum JapaneseVerb
{
    /// <summary>食べる: the last kana falls away.</summary>
    Ichidan,

    /// <summary>飲む: the last kana changes its vowel.</summary>
    Godan,

    /// <summary>勉強する.</summary>
    Suru,
}

/// <summary>The forms of Japanese verbs and of です.</summary>
internal static class JapaneseForms
{
    // The rows of the kana that verbs end in: plain, before ます, before ない, and with て.
    private static readonly Dictionary<char, (string Polite, string Negative, string Te)> s_godan = new()
    {
        ['う'] = ("い", "わ", "って"),
        ['く'] = ("き", "か", "いて"),
        ['ぐ'] = ("ぎ", "が", "いで"),
        ['す'] = ("し", "さ", "して"),
        ['つ'] = ("ち", "た", "って"),
        ['ぬ'] = ("に", "な", "んで"),
        ['ぶ'] = ("び", "ば", "んで"),
        ['む'] = ("み", "ま", "んで"),
        ['る'] = ("り", "ら", "って"),
    };

    /// <summary>です: negative it is always ではありません here.</summary>
    public static string Copula(bool negative, bool past) => (negative, past) switch
    {
        (false, false) => "です",
        (false, true) => "でした",
        (true, false) => "ではありません",
        _ => "ではありませんでした",
    };

    /// <summary>ます, which follows the stem of any verb.</summary>
    public static string PoliteEnding(bool negative, bool past) => (negative, past) switch
    {
        (false, false) => "ます",
        (false, true) => "ました",
        (true, false) => "ません",
        _ => "ませんでした",
    };

    /// <summary>The stem before ます and たい: 飲み.</summary>
    public static string PoliteStem(string verb, JapaneseVerb kind) => kind switch
    {
        JapaneseVerb.Ichidan => verb[..^1],
        JapaneseVerb.Suru => verb[..^2] + "し",
        _ => verb[..^1] + s_godan[verb[^1]].Polite,
    };

    /// <summary>The stem before ない: 飲ま.</summary>
    public static string NegativeStem(string verb, JapaneseVerb kind) =>
        kind == JapaneseVerb.Godan ? verb[..^1] + s_godan[verb[^1]].Negative : PoliteStem(verb, kind);

    /// <summary>The form in て: 飲んで. 行く alone is irregular.</summary>
    public static string Te(string verb, JapaneseVerb kind) => kind switch
    {
        JapaneseVerb.Godan when verb.EndsWith("行く", StringComparison.Ordinal) => verb[..^1] + "って",
        JapaneseVerb.Godan => verb[..^1] + s_godan[verb[^1]].Te,
        _ => PoliteStem(verb, kind) + "て",
    };
}
