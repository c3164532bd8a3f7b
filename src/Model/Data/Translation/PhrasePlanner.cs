using static MiniGpt.Model.Data.Translation.NounKind;

namespace MiniGpt.Model.Data.Translation;

/// <summary>Draws subjects, objects and places that make sense.</summary>
internal sealed class PhrasePlanner(Draw draw)
{
    private static readonly Noun[] s_nouns =
    [
        .. Nouns.Animals, .. Nouns.People, .. Nouns.Professions, .. Nouns.Relatives, .. Nouns.Foods, .. Nouns.Masses, .. Nouns.Pleasures, .. Nouns.Places,
        .. Things.All,
    ];

    private static readonly Dictionary<NounKind, Noun[]> s_byKind = Enum.GetValues<NounKind>().Where(kind => int.IsPow2((int)kind))
        .ToDictionary(kind => kind, kind => s_nouns.Where(noun => noun.Is(kind)).ToArray());

    private static readonly Dictionary<Noun, Adjective[]> s_suiting = s_nouns.ToDictionary<Noun, Noun, Adjective[]>(
        noun => noun, noun => [.. Adjectives.All.Where(adjective => noun.Is(adjective.Suits))], ReferenceEqualityComparer.Instance);

    private static readonly Pronoun[] s_pronouns = [Pronoun.I, Pronoun.You, Pronoun.He, Pronoun.She, Pronoun.We, Pronoun.They];

    /// <summary>All nouns.</summary>
    public static IReadOnlyList<Noun> AllNouns => s_nouns;

    /// <summary>A noun of some kinds: first one of the kinds, so that the large ones do not crowd out the small ones.</summary>
    public Noun NounOf(NounKind kinds) => draw.Of<Noun>(s_byKind[draw.Of<NounKind>([.. s_byKind.Keys.Where(kind => (kinds & kind) != 0)])]);

    /// <summary>The adjectives that make sense with a noun.</summary>
    public static Adjective[] Suiting(Noun noun) => s_suiting[noun];

    /// <summary>One of six pronouns.</summary>
    public Subject PronounSubject() => new(draw.Of<Pronoun>(s_pronouns), null);

    /// <summary>A subject of some kinds. Where people can be it, it is often a pronoun.</summary>
    public Subject SubjectOf(NounKind kinds, int adjectivePercent = 20, int pronounPercent = 40) =>
        (kinds & Human) != 0 && draw.Percent(pronounPercent)
            ? PronounSubject()
            : new(Pronoun.None, Known(NounOf(kinds), adjectivePercent));

    /// <summary>A noun that both know, as subjects are: "the dog", "my dog", "these dogs".</summary>
    public NounPhrase Known(Noun noun, int adjectivePercent)
    {
        if (noun.Is(Family))
        {
            Determiner owner = draw.Of(Determiner.My, Determiner.My, Determiner.Your, Determiner.His, Determiner.Her, Determiner.Our, Determiner.Their);
            return Described(new(owner, noun), adjectivePercent);
        }

        if (noun.Is(Mass))
            return Described(new(Determiner.The, noun), adjectivePercent);
        Determiner determiner = draw.Below(10) switch
        {
            < 5 => Determiner.The,
            < 7 => draw.Of(Determiner.This, Determiner.That),
            _ when noun.Is(Person) && !noun.Is(Companion) => Determiner.The,
            _ => draw.Of(Determiner.My, Determiner.Your, Determiner.His, Determiner.Her, Determiner.Our, Determiner.Their),
        };
        return Described(new(determiner, noun, draw.Percent(30)), adjectivePercent);
    }

    /// <summary>A noun that is new, as what one has or wants: "a dog", "dogs", "three dogs".</summary>
    public NounPhrase New(Noun noun, Mood mood, int adjectivePercent = 25)
    {
        NounPhrase phrase = noun.Counter.Length > 0 && mood != Mood.Negation && draw.Percent(20)
            ? new(Determiner.Number, noun, Plural: true) { Number = 2 + draw.Below(9) }
            : new(Determiner.Some, noun, !noun.Is(Mass) && draw.Percent(25));
        return Described(phrase, adjectivePercent);
    }

    /// <summary>What a verb is done to.</summary>
    public NounPhrase ObjectOf(Subject subject, Verb verb, Mood mood, bool known = false)
    {
        Noun noun = NounOf(verb.Objects);
        if (verb.DefiniteObject)
            return new(Determiner.The, noun);
        if (noun.Is(Family))
            return new(Determiner.My, noun);
        if (noun.Is(Mass))
            return known ? Described(new(Determiner.The, noun), 25) : New(noun, mood);
        return known || draw.Percent(55) ? Owned(subject, Known(noun, 25)) : New(noun, mood);
    }

    /// <summary>
    /// Says what belongs to the subject, for Japanese. "His" behind a noun could be his own or somebody else's, and is left out.
    /// </summary>
    public static NounPhrase Owned(Subject subject, NounPhrase phrase)
    {
        bool own = (subject.Pronoun, phrase.Determiner) is (Pronoun.I, Determiner.My) or (Pronoun.You, Determiner.Your) or (Pronoun.He, Determiner.His)
            or (Pronoun.She, Determiner.Her) or (Pronoun.We, Determiner.Our) or (Pronoun.They, Determiner.Their);
        bool unclear = subject.Pronoun == Pronoun.None && phrase.Determiner is Determiner.His or Determiner.Her or Determiner.Their;
        Determiner clear = phrase.Noun.Is(Family) ? Determiner.My : Determiner.The;
        return phrase with { BelongsToSubject = own, Determiner = unclear ? clear : phrase.Determiner };
    }

    /// <summary>Where something happens, to a subject or, for null, at all.</summary>
    public PlacePhrase SomePlace(Subject? subject) => new(Prepositions.InPlace, Site(subject, NounOf(Place)));

    /// <summary>Where something is: in a place, round a large thing or, as small ones are, in a box.</summary>
    public PlacePhrase Somewhere(Subject? subject, bool inContainers) => draw.Below(inContainers ? 5 : 4) switch
    {
        < 2 => SomePlace(subject),
        < 4 => new(draw.Of<Preposition>(Prepositions.AroundLandmarks), Site(subject, NounOf(Landmark))),
        _ => new(Prepositions.InContainer, Site(subject, NounOf(Container))),
    };

    /// <summary>A place or large thing: "the garden", "this old house", "my big bed".</summary>
    public NounPhrase Site(Subject? subject, Noun noun)
    {
        NounPhrase site = new(draw.Percent(70) ? Determiner.The : draw.Of(Determiner.This, Determiner.That, Determiner.My, Determiner.Your), noun);
        return Described(subject is null ? site : Owned(subject, site), 20);
    }

    /// <summary>Perhaps adds an adjective.</summary>
    public NounPhrase Described(NounPhrase phrase, int percent) =>
        Suiting(phrase.Noun) is { Length: > 0 } adjectives && draw.Percent(percent) ? phrase with { Adjective = draw.Of<Adjective>(adjectives) } : phrase;
}
