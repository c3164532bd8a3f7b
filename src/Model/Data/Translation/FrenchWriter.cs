namespace MiniGpt.Model.Data.Translation;

/// <summary>
/// Says a sentence in French. "You" is always "tu", and I, you, we and they are masculine, so that a sentence has one translation.
/// </summary>
internal static class FrenchWriter
{
    // Each with je, tu, il, nous, ils.
    private static readonly string[] s_be = ["suis", "es", "est", "sommes", "sont"];
    private static readonly string[] s_was = ["étais", "étais", "était", "étions", "étaient"];
    private static readonly string[] s_have = ["ai", "as", "a", "avons", "ont"];
    private static readonly string[] s_can = ["peux", "peux", "peut", "pouvons", "peuvent"];
    private static readonly string[] s_must = ["dois", "dois", "doit", "devons", "doivent"];
    private static readonly string[] s_numbers = ["deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix"];

    public static string Write(Sentence sentence)
    {
        string text = FrenchForms.Join([.. Words(sentence).SelectMany(words => words.Split(' ', StringSplitOptions.RemoveEmptyEntries))]);
        return char.ToUpperInvariant(text[0]) + text[1..] + (sentence.Mood == Mood.Question ? " ?" : ".");
    }

    private static string[] Words(Sentence sentence) => sentence switch
    {
        Description said => Be(said.Mood, said.Subject, said.Past, Agreeing(said.Adjective, said.Subject)),
        Location said => Be(said.Mood, said.Subject, said.Past, Where(said.Place)),
        Comparison said => Be(said.Mood, said.Subject, past: false, "plus", Agreeing(said.Adjective, said.Subject), "que", Phrase(said.Than)),
        Identity said => Be(said),
        Showing said => This(said.Mood, said.Phrase),
        Existence said => Clause(said.Mood, "il", "y a", Phrase(said.Phrase, said.Mood == Mood.Negation), Where(said.Place)),
        Activity said => Verb(said),
        Wish said => Clause(said.Mood, Named(said.Subject), Conjugated(said.Modal)[(int)Person(said.Subject)], said.Verb.French.Infinitive,
            Object(said.Verb, said.Object, negative: false)),
        WhereIs said => ["où", s_be[(int)Person(said.Subject)], Named(said.Subject)],
        WhatDoes said => ["qu'est-ce", "que", Named(said.Subject), .. Finite(said.Verb.French, said.Subject, said.Tense)],
        _ => throw new ArgumentOutOfRangeException(nameof(sentence)),
    };

    /// <summary>A subject, a verb and the rest: "ne … pas" stands around the verb, and "est-ce que" makes a question of it.</summary>
    private static string[] Clause(Mood mood, string subject, string verb, params string[] rest) => mood switch
    {
        Mood.Question => ["est-ce", "que", subject, verb, .. rest],
        Mood.Negation => [subject, "ne", verb, "pas", .. rest],
        _ => [subject, verb, .. rest],
    };

    private static string[] Be(Mood mood, Subject subject, bool past, params string[] rest) =>
        Clause(mood, Named(subject), (past ? s_was : s_be)[(int)Person(subject)], rest);

    /// <summary>
    /// What somebody does for a living has no article, "elle est chanteuse", unless there is more to say; and with an article he, she and they
    /// are "ce": "c'est une bonne chanteuse".
    /// </summary>
    private static string[] Be(Identity said)
    {
        if (said.Phrase.Noun.Is(NounKind.Profession) && said.Phrase.Adjective is null)
            return Be(said.Mood, said.Subject, past: false, said.Phrase.Noun.InFrench(said.Phrase.Plural, said.Phrase.Woman));
        return said.Subject.Pronoun is Pronoun.He or Pronoun.She or Pronoun.They
            ? This(said.Mood, said.Phrase)
            : Be(said.Mood, said.Subject, past: false, Phrase(said.Phrase));
    }

    private static string[] This(Mood mood, NounPhrase phrase) => Clause(mood, "ce", phrase.Plural ? "sont" : "est", Phrase(phrase));

    private static string[] Verb(Activity said)
    {
        string[] finite = Finite(said.Verb.French, said.Subject, said.Tense);
        string[] negated = said.Mood == Mood.Negation ? ["pas", .. finite[1..]] : finite[1..];
        string[] rest =
        [
            Object(said.Verb, said.Object, said.Mood == Mood.Negation), said.Recipient is null ? "" : $"à {Phrase(said.Recipient)}",
            said.Place is null ? "" : Where(said.Place), said.Time?.French ?? "",
        ];
        return said.Mood == Mood.Negation
            ? [Named(said.Subject), "ne", finite[0], .. negated, .. rest]
            : Clause(said.Mood, Named(said.Subject), finite[0], [.. negated, .. rest]);
    }

    /// <summary>The verb with its auxiliary, where it has one. With être the participle agrees with the subject.</summary>
    private static string[] Finite(FrenchVerb verb, Subject subject, Tense tense)
    {
        FrenchPerson person = Person(subject);
        return tense switch
        {
            Tense.Past when verb.WithBe =>
                [s_be[(int)person], verb.Participle + (subject.Feminine ? "e" : "") + (subject.IsPlural ? "s" : "")],
            Tense.Past => [s_have[(int)person], verb.Participle],
            Tense.Future => [verb.Future(person)],
            _ => [verb.Present[(int)person]],
        };
    }

    private static string[] Conjugated(Modal modal) => modal switch
    {
        Modal.Can => s_can,
        Modal.Must => s_must,
        Modal.WantTo => Verbs.Want.French.Present,
        _ => Verbs.Liking[0].French.Present,
    };

    private static string Agreeing(Adjective adjective, Subject subject) => adjective.InFrench(subject.Feminine, subject.IsPlural);

    private static FrenchPerson Person(Subject subject) => subject.Pronoun switch
    {
        Pronoun.I => FrenchPerson.Je,
        Pronoun.You => FrenchPerson.Tu,
        Pronoun.We => FrenchPerson.Nous,
        _ => subject.IsPlural ? FrenchPerson.Ils : FrenchPerson.Il,
    };

    private static string Named(Subject subject) => subject.Pronoun switch
    {
        Pronoun.None => Phrase(subject.Phrase!),
        Pronoun.I => "je",
        Pronoun.You => "tu",
        Pronoun.He => "il",
        Pronoun.She => "elle",
        Pronoun.We => "nous",
        _ => "ils",
    };

    private static string Where(PlacePhrase place) => $"{string.Join(' ', place.Preposition.French)} {Phrase(place.Phrase)}";

    private static string Object(Verb verb, NounPhrase? phrase, bool negative)
    {
        if (phrase is null)
            return "";
        return verb.French.Preposition is string preposition ? $"{preposition} {Phrase(phrase)}" : Phrase(phrase, negative);
    }

    /// <summary>A noun with what stands before and behind it. Behind "pas", the articles un, une, des and du become de.</summary>
    private static string Phrase(NounPhrase phrase, bool negative = false)
    {
        string noun = phrase.Noun.InFrench(phrase.Plural, phrase.Woman);
        string named = (phrase.Adjective, phrase.Plural) switch
        {
            (null, _) => noun,
            ({ StandsBefore: true } adjective, false) => $"{adjective.InFrenchBefore(noun, phrase.Feminine)} {noun}",
            ({ StandsBefore: true } adjective, true) => $"{adjective.InFrench(phrase.Feminine, plural: true)} {noun}",
            ({ } adjective, bool plural) => $"{noun} {adjective.InFrench(phrase.Feminine, plural)}",
        };
        return $"{Article(phrase, named.Split(' ')[0], negative)} {named}";
    }

    private static string Article(NounPhrase phrase, string next, bool negative)
    {
        bool vowel = FrenchForms.BeginsWithVowel(next);
        string definite = phrase.Plural ? "les" : phrase.Feminine ? "la" : "le";
        return phrase.Determiner switch
        {
            Determiner.The or Determiner.Generic => definite,
            Determiner.Some when negative => "de",
            Determiner.Some when phrase.Plural => phrase.Adjective?.StandsBefore == true ? "de" : "des",
            Determiner.Some when phrase.Noun.Is(NounKind.Mass) => $"de {definite}",
            Determiner.Some => phrase.Feminine ? "une" : "un",
            Determiner.This or Determiner.That when phrase.Plural => "ces",
            Determiner.This or Determiner.That => phrase.Feminine ? "cette" : vowel ? "cet" : "ce",
            Determiner.My => Possessive("m", phrase, vowel),
            Determiner.Your => Possessive("t", phrase, vowel),
            Determiner.His or Determiner.Her => Possessive("s", phrase, vowel),
            Determiner.Our => phrase.Plural ? "nos" : "notre",
            Determiner.Their => phrase.Plural ? "leurs" : "leur",
            _ => s_numbers[phrase.Number - 2],
        };
    }

    /// <summary>Before a vowel "ma" becomes "mon": "mon école".</summary>
    private static string Possessive(string owner, NounPhrase phrase, bool vowel) =>
        owner + (phrase.Plural ? "es" : phrase.Feminine && !vowel ? "a" : "on");
}
