namespace MiniGpt.Model.Data.Translation;

/// <summary>
/// What a noun is, so that sentences make sense: what eats, what is eaten, where one can be. The first eleven are classes, of which a noun has one; the
/// others are roles.
/// </summary>
[Flags]
internal enum NounKind
{
    None = 0,

    Animal = 1 << 0,
    Person = 1 << 1,

    /// <summary>A person by what they do, which French says without an article: "je suis chanteur".</summary>
    Profession = 1 << 2,

    /// <summary>Someone of a family, always somebody's: "my mother".</summary>
    Family = 1 << 3,
    Thing = 1 << 4,
    Food = 1 << 5,

    /// <summary>Food that is not counted: bread.</summary>
    MassFood = 1 << 6,
    Drink = 1 << 7,
    Place = 1 << 8,

    /// <summary>Something that is done and liked, and counted: a nap.</summary>
    Pleasure = 1 << 9,

    /// <summary>Something that is liked, and not counted: music.</summary>
    MassPleasure = 1 << 10,

    Readable = 1 << 11,
    Writable = 1 << 12,
    Wearable = 1 << 13,

    /// <summary>Something large that others can be on, under or behind.</summary>
    Landmark = 1 << 14,
    Container = 1 << 15,
    Vehicle = 1 << 16,
    Machine = 1 << 17,
    Instrument = 1 << 18,
    Openable = 1 << 19,
    Washable = 1 << 20,
    Audible = 1 << 21,

    /// <summary>Grammatically female whoever it is, as "girl".</summary>
    Female = 1 << 22,

    /// <summary>A person who can be somebody's: "my friend".</summary>
    Companion = 1 << 23,

    Human = Person | Profession | Family,
    Animate = Animal | Human,
    Mass = MassFood | Drink | MassPleasure,
}

/// <summary>A noun in three languages.</summary>
/// <param name="English">The singular.</param>
/// <param name="French">The singular; of a person by what they do, the masculine.</param>
/// <param name="Feminine">Whether French takes it as feminine.</param>
/// <param name="Japanese">The word, which has no plural.</param>
/// <param name="Counter">What follows a number in Japanese; empty for what is not counted.</param>
/// <param name="Kind">What it is.</param>
internal sealed record Noun(string English, string French, bool Feminine, string Japanese, string Counter, NounKind Kind)
{
    /// <summary>The English plural, where it is not regular.</summary>
    public string? IrregularPlural { get; init; }

    /// <summary>The French plural, where it is not regular.</summary>
    public string? IrregularFrenchPlural { get; init; }

    /// <summary>What a woman of this profession is called in French.</summary>
    public string? FrenchWoman { get; init; }

    /// <summary>What one calls one's own: 母, where somebody else's is お母さん.</summary>
    public string? JapaneseOwn { get; init; }

    /// <summary>The English plural.</summary>
    public string Plural => IrregularPlural ?? English switch
    {
        [.., 's' or 'x'] or [.., 'c' or 's', 'h'] => English + "es",
        [.. string stem, not ('a' or 'e' or 'o' or 'u'), 'y'] => $"{stem}{English[^2]}ies",
        _ => English + "s",
    };

    /// <summary>The French noun in singular or plural, for a man or thing or, of a profession, for a woman.</summary>
    public string InFrench(bool plural, bool woman)
    {
        string singular = woman && FrenchWoman is not null ? FrenchWoman : French;
        return plural ? (singular == French ? IrregularFrenchPlural : null) ?? FrenchForms.Plural(singular) : singular;
    }

    /// <summary>Whether it is one of some kinds.</summary>
    public bool Is(NounKind kinds) => (Kind & kinds) != 0;
}
