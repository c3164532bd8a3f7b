namespace MiniGpt.Model.Data.Translation;

/// <summary>When something happens. French says the first two alike.</summary>
internal enum Tense
{
    Present,
    Progressive,
    Past,
    Future,
}

/// <summary>What Japanese makes of a verb's object.</summary>
internal enum JapaneseUse
{
    /// <summary>A verb: 猫は魚を食べます.</summary>
    Verb,

    /// <summary>Said as an adjective: 猫は魚が好きです.</summary>
    Liking,

    /// <summary>One's own wish is an adjective, 欲しいです; that of others is seen: 欲しがっています.</summary>
    Wanting,

    /// <summary>An animal that one has is kept, 飼っています; a thing is held, 持っています.</summary>
    Having,
}

/// <summary>An English verb.</summary>
internal sealed record EnglishVerb(string Base, string Past, string Progressive)
{
    /// <summary>What follows the verb: "look for".</summary>
    public string Particle { get; init; } = "";

    /// <summary>The form with he and she.</summary>
    public string ThirdPerson => Base switch
    {
        "have" => "has",
        "go" => "goes",
        [.., 's' or 'x'] or [.., 'c' or 's', 'h'] => Base + "es",
        [.. string stem, not ('a' or 'e' or 'o' or 'u'), 'y'] => $"{stem}{Base[^2]}ies",
        _ => Base + "s",
    };
}

/// <summary>A French verb.</summary>
/// <param name="Infinitive">The infinitive.</param>
/// <param name="Present">The present with je, tu, il, nous and ils.</param>
/// <param name="Participle">The participle of the past.</param>
/// <param name="FutureStem">What precedes the endings of the future.</param>
internal sealed record FrenchVerb(string Infinitive, string[] Present, string Participle, string FutureStem)
{
    // With je, tu, il, nous, ils.
    private static readonly string[] s_futureEndings = ["ai", "as", "a", "ons", "ont"];

    /// <summary>Whether its past is made with être, and its participle agrees with the subject.</summary>
    public bool WithBe { get; init; }

    /// <summary>What stands between the verb and its object: "parler à".</summary>
    public string? Preposition { get; init; }

    /// <summary>A regular verb in -er; a soft g stays soft before o: "mangeons".</summary>
    public static FrenchVerb Regular(string infinitive)
    {
        string stem = infinitive[..^2];
        string we = stem.EndsWith('g') ? stem + "eons" : stem + "ons";
        return new(infinitive, [stem + "e", stem + "es", stem + "e", we, stem + "ent"], stem + "é", infinitive);
    }

    /// <summary>The future: all verbs have the same endings.</summary>
    public string Future(FrenchPerson person) => FutureStem + s_futureEndings[(int)person];
}

/// <summary>The persons that verbs agree with here: you is always one person whom one knows well.</summary>
internal enum FrenchPerson
{
    Je,
    Tu,
    Il,
    Nous,
    Ils,
}

/// <summary>A verb in three languages, and whom and what it makes sense with.</summary>
/// <param name="English">The English verb.</param>
/// <param name="French">The French verb.</param>
/// <param name="Japanese">The dictionary form.</param>
/// <param name="JapaneseKind">How the Japanese verb changes.</param>
/// <param name="Subjects">Who does it.</param>
/// <param name="Objects">What it is done to; none for a verb without an object.</param>
internal sealed record Verb(
    EnglishVerb English, FrenchVerb French, string Japanese, JapaneseVerb JapaneseKind, NounKind Subjects, NounKind Objects = NounKind.None)
{
    /// <summary>The particle of the Japanese object.</summary>
    public string Particle { get; init; } = "を";

    /// <summary>The Japanese particle of where it is done. One walks through a place, which makes it an object: 公園を歩きます.</summary>
    public string PlaceParticle { get; init; } = "で";

    /// <summary>What Japanese makes of it.</summary>
    public JapaneseUse Use { get; init; }

    /// <summary>Whether its object is one thing that both know: "plays the piano".</summary>
    public bool DefiniteObject { get; init; }

    /// <summary>Whether it is over as soon as it happens, so that nobody is in the middle of it.</summary>
    public bool Momentary { get; init; }

    /// <summary>Whether English tells its past from its present: "I read" does not.</summary>
    public bool HasPast => English.Past != English.Base;
}
