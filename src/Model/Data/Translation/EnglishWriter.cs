namespace MiniGpt.Model.Data.Translation;

/// <summary>Says a sentence in English.</summary>
internal static class EnglishWriter
{
    private static readonly string[] s_numbers = ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];

    public static string Write(Sentence sentence)
    {
        string text = string.Join(' ', Words(sentence).Where(word => word.Length > 0));
        return char.ToUpperInvariant(text[0]) + text[1..] + (sentence.Mood == Mood.Question ? "?" : ".");
    }

    private static string[] Words(Sentence sentence) => sentence switch
    {
        Description said => Be(said.Mood, said.Subject, said.Past, said.Adjective.English),
        Identity said => Be(said.Mood, said.Subject, past: false, Phrase(said.Phrase)),
        Location said => Be(said.Mood, said.Subject, said.Past, Where(said.Place)),
        Comparison said => Be(said.Mood, said.Subject, past: false, $"{said.Adjective.Comparative} than {Phrase(said.Than)}"),
        Showing said => Ordered(said.Mood, Pointing(said.Near, said.Phrase.Plural), said.Phrase.Plural ? "are" : "is", Phrase(said.Phrase)),
        Existence said => There(said),
        Activity said => Verb(said.Mood, said.Subject, said.Verb.English, said.Tense,
            Object(said.Object), said.Recipient is null ? "" : $"to {Phrase(said.Recipient)}", said.Place is null ? "" : Where(said.Place),
            said.Time?.English ?? ""),
        Wish said => With(said),
        WhereIs said => ["where", Be(said.Subject, past: false), Named(said.Subject)],
        WhatDoes said => ["what", .. Verb(Mood.Question, said.Subject, said.Verb.English, said.Tense)],
        _ => throw new ArgumentOutOfRangeException(nameof(sentence)),
    };

    private static string[] Be(Mood mood, Subject subject, bool past, string rest) => Ordered(mood, Named(subject), Be(subject, past), rest);

    /// <summary>A subject, an auxiliary verb and the rest: the auxiliary takes the "not", and goes first in a question.</summary>
    private static string[] Ordered(Mood mood, string subject, string auxiliary, params string[] rest) => mood switch
    {
        Mood.Question => [auxiliary, subject, .. rest],
        Mood.Negation => [subject, auxiliary, "not", .. rest],
        _ => [subject, auxiliary, .. rest],
    };

    private static string[] There(Existence said)
    {
        string be = said.Phrase.Plural ? "are" : "is";
        string phrase = Phrase(said.Phrase), where = Where(said.Place);
        return said.Mood switch
        {
            Mood.Question => [be, "there", phrase, where],
            Mood.Negation => ["there", be, "no", Phrase(said.Phrase with { Determiner = Determiner.Generic }), where],
            _ => ["there", be, phrase, where],
        };
    }

    private static string[] With(Wish said)
    {
        string action = $"{Base(said.Verb.English)} {Object(said.Object)}".TrimEnd();
        return said.Modal switch
        {
            Modal.Can when said.Mood == Mood.Negation => [Named(said.Subject), "cannot", action],
            Modal.Can => Ordered(said.Mood, Named(said.Subject), "can", action),
            Modal.Must => Ordered(said.Mood, Named(said.Subject), "must", action),
            Modal.WantTo => Verb(said.Mood, said.Subject, Verbs.Want.English, Tense.Present, "to", action),
            _ => Verb(said.Mood, said.Subject, Verbs.Liking[0].English, Tense.Present, "to", action),
        };
    }

    private static string[] Verb(Mood mood, Subject subject, EnglishVerb verb, Tense tense, params string[] rest)
    {
        string name = Named(subject);
        return tense switch
        {
            Tense.Progressive => Ordered(mood, name, Be(subject, past: false), [verb.Progressive, verb.Particle, .. rest]),
            Tense.Future => Ordered(mood, name, "will", [verb.Base, verb.Particle, .. rest]),
            Tense.Past when mood == Mood.Statement => [name, verb.Past, verb.Particle, .. rest],
            Tense.Past => Ordered(mood, name, "did", [verb.Base, verb.Particle, .. rest]),
            _ when mood == Mood.Statement => [name, IsThirdSingular(subject) ? verb.ThirdPerson : verb.Base, verb.Particle, .. rest],
            _ => Ordered(mood, name, IsThirdSingular(subject) ? "does" : "do", [verb.Base, verb.Particle, .. rest]),
        };
    }

    private static string Base(EnglishVerb verb) => verb.Particle.Length == 0 ? verb.Base : $"{verb.Base} {verb.Particle}";

    private static bool IsThirdSingular(Subject subject) => subject.IsThirdPerson && !subject.IsPlural;

    private static string Be(Subject subject, bool past) => (subject.Pronoun, subject.IsPlural || subject.Pronoun == Pronoun.You, past) switch
    {
        (_, true, false) => "are",
        (_, true, true) => "were",
        (_, _, true) => "was",
        (Pronoun.I, _, _) => "am",
        _ => "is",
    };

    private static string Named(Subject subject) => subject.Pronoun switch
    {
        Pronoun.None => Phrase(subject.Phrase!),
        Pronoun.I => "I",
        Pronoun.You => "you",
        Pronoun.He => "he",
        Pronoun.She => "she",
        Pronoun.We => "we",
        _ => "they",
    };

    private static string Pointing(bool near, bool plural) => (near, plural) switch
    {
        (true, false) => "this",
        (true, true) => "these",
        (false, false) => "that",
        _ => "those",
    };

    private static string Where(PlacePhrase place) => $"{place.Preposition.English} {Phrase(place.Phrase)}";

    private static string Object(NounPhrase? phrase) => phrase is null ? "" : Phrase(phrase);

    private static string Phrase(NounPhrase phrase)
    {
        string noun = phrase.Plural ? phrase.Noun.Plural : phrase.Noun.English;
        string named = phrase.Adjective is null ? noun : $"{phrase.Adjective.English} {noun}";
        string determiner = phrase.Determiner switch
        {
            Determiner.The => "the",
            Determiner.Some => phrase.Plural || phrase.Noun.Is(NounKind.Mass) ? "" : Article(named),
            Determiner.Generic => "",
            Determiner.This => Pointing(near: true, phrase.Plural),
            Determiner.That => Pointing(near: false, phrase.Plural),
            Determiner.Number => s_numbers[phrase.Number - 2],
            _ => phrase.Determiner.ToString().ToLowerInvariant(),
        };
        return determiner.Length == 0 ? named : $"{determiner} {named}";
    }

    /// <summary>"An" stands before a vowel that is heard: "a useful thing at a university" begins with the sound of "you".</summary>
    private static string Article(string next) =>
        "aeiou".Contains(next[0]) && !next.StartsWith("use", StringComparison.Ordinal) && !next.StartsWith("uni", StringComparison.Ordinal) ? "an" : "a";
}
