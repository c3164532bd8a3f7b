using MiniGpt.Model.Data.Translation;

namespace MiniGpt.Tests.Model.Data;

/// <summary>Short ways to write down what a sentence means, by the English words.</summary>
internal static class SentencePlans
{
    public static readonly Subject I = new(Pronoun.I, null);
    public static readonly Subject You = new(Pronoun.You, null);
    public static readonly Subject He = new(Pronoun.He, null);
    public static readonly Subject She = new(Pronoun.She, null);
    public static readonly Subject We = new(Pronoun.We, null);
    public static readonly Subject They = new(Pronoun.They, null);

    public static Noun Noun(string english) => PhrasePlanner.AllNouns.First(noun => noun.English == english);

    public static Adjective Adjective(string english) => Adjectives.All.Single(adjective => adjective.English == english);

    public static NounPhrase A(string noun, string? adjective = null, bool plural = false) => Phrase(Determiner.Some, noun, adjective, plural);

    public static NounPhrase The(string noun, string? adjective = null, bool plural = false) => Phrase(Determiner.The, noun, adjective, plural);

    public static NounPhrase All(string noun, string? adjective = null) =>
        Phrase(Determiner.Generic, noun, adjective, plural: !Noun(noun).Is(NounKind.Mass));

    public static NounPhrase Many(int number, string noun, string? adjective = null) =>
        Phrase(Determiner.Number, noun, adjective, plural: true) with { Number = number };

    public static NounPhrase Phrase(Determiner determiner, string noun, string? adjective = null, bool plural = false) =>
        new(determiner, Noun(noun), plural) { Adjective = adjective is null ? null : Adjective(adjective) };

    public static Subject Is(NounPhrase phrase) => new(Pronoun.None, phrase);

    public static Activity Does(Subject subject, string verb, NounPhrase? thing = null, Tense tense = Tense.Present, Mood mood = Mood.Statement) =>
        new(mood, subject, (thing is null ? Verbs.Intransitive : Verbs.Transitive).Single(one => one.English.Base == verb), tense) { Object = thing };

    public static Activity Likes(Subject subject, NounPhrase thing, int degree = 0, Mood mood = Mood.Statement) =>
        new(mood, subject, Verbs.Liking[degree], Tense.Present) { Object = thing };

    public static Activity Wants(Subject subject, NounPhrase thing, Mood mood = Mood.Statement) =>
        new(mood, subject, Verbs.Want, Tense.Present) { Object = thing };

    public static Activity Has(Subject subject, NounPhrase thing, Mood mood = Mood.Statement) =>
        new(mood, subject, Verbs.Have, Tense.Present) { Object = thing };

    public static Activity Moves(Subject subject, string verb, NounPhrase place, Tense tense = Tense.Present, Mood mood = Mood.Statement)
    {
        (Verb found, Preposition direction) = Verbs.Motion.Single(one => one.Verb.English.Base == verb);
        return new(mood, subject, found, tense) { Place = new(direction, place) };
    }

    public static Activity Gives(
        Subject subject, string verb, NounPhrase thing, NounPhrase recipient, Tense tense = Tense.Present, Mood mood = Mood.Statement) =>
        new(mood, subject, Verbs.Giving.Single(one => one.English.Base == verb), tense) { Object = thing, Recipient = recipient };

    public static Wish Wishes(Subject subject, Modal modal, string verb, NounPhrase? thing = null, Mood mood = Mood.Statement)
    {
        Activity activity = Does(subject, verb, thing);
        return new(mood, subject, modal, activity.Verb, thing);
    }

    public static PlacePhrase In(NounPhrase place) => new(place.Noun.Is(NounKind.Container) ? Prepositions.InContainer : Prepositions.InPlace, place);

    public static PlacePhrase Around(string preposition, NounPhrase place) =>
        new(Prepositions.AroundLandmarks.Single(one => one.English == preposition), place);

    public static TimeWords When(string english) => TimeWords.All.Single(time => time.English == english);
}
