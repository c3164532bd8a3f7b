using static MiniGpt.Model.Data.Translation.NounKind;

namespace MiniGpt.Model.Data.Translation;

/// <summary>Draws a sentence: what kind it is, and then its parts.</summary>
internal sealed class SentencePlanner
{
    private const NounKind Countable = Animal | Thing | Food;

    private static readonly Verb[] s_askedFor = [.. Verbs.Transitive.Where(verb =>
        verb.French.Preposition is null && verb.Objects != Place && (verb.Objects & ~Animate) != 0)];

    private static readonly Verb[] s_wished = [.. Verbs.Intransitive, .. Verbs.Transitive];

    private readonly Draw _draw;
    private readonly PhrasePlanner _phrases;
    private readonly Mood _mood;

    private SentencePlanner(Draw draw)
    {
        _draw = draw;
        _phrases = new PhrasePlanner(draw);
        _mood = draw.Below(10) switch
        {
            < 6 => Mood.Statement,
            < 8 => Mood.Negation,
            _ => Mood.Question,
        };
    }

    /// <summary>A sentence: a function of what is drawn alone.</summary>
    public static Sentence Plan(Draw draw)
    {
        SentencePlanner planner = new(draw);
        return draw.Below(100) switch
        {
            < 10 => planner.Description(),
            < 18 => planner.Identity(),
            < 24 => planner.Showing(),
            < 33 => planner.Location(),
            < 40 => planner.Existence(),
            < 46 => planner.Comparison(),
            < 55 => planner.Liking(),
            < 60 => planner.Wanting(),
            < 65 => planner.Having(),
            < 75 => planner.DoingSomething(),
            < 81 => planner.Doing(),
            < 87 => planner.Moving(),
            < 91 => planner.Giving(),
            < 96 => planner.Wishing(),
            < 98 => planner.Where(),
            _ => planner.What(),
        };
    }

    private Description Description()
    {
        Subject subject = _phrases.SubjectOf(Animate | Thing | Food | MassFood | Drink | Place, adjectivePercent: 0, pronounPercent: 25);
        Adjective[] fitting = subject.Phrase is null ? [.. Adjectives.All.Where(adjective => (adjective.Suits & Family) != 0)]
            : PhrasePlanner.Suiting(subject.Phrase.Noun);
        return new(_mood, subject, _draw.Of<Adjective>(fitting), _draw.Percent(30));
    }

    private Identity Identity()
    {
        Subject subject = _draw.Percent(65) ? _phrases.PronounSubject()
            : new(Pronoun.None, _phrases.Known(_phrases.NounOf(Family | Person), adjectivePercent: 0));
        Noun noun = _phrases.NounOf(subject.Phrase is null ? Animal | Profession : Profession);
        bool woman = noun.Is(Profession) && (subject.Pronoun == Pronoun.She || subject.Phrase?.Noun.Is(Female) == true);
        return new(_mood, subject, _phrases.Described(new(Determiner.Some, noun, subject.IsPlural) { Woman = woman }, 60));
    }

    private Showing Showing()
    {
        Noun noun = _phrases.NounOf(Countable | Place);
        NounPhrase phrase = _draw.Percent(50) ? new(Determiner.Some, noun, _draw.Percent(35))
            : new(_draw.Of(Determiner.My, Determiner.Your, Determiner.His, Determiner.Her, Determiner.Our, Determiner.Their), noun, _draw.Percent(35));
        return new(_mood, _draw.Percent(50), _phrases.Described(phrase, 40));
    }

    private Location Location()
    {
        Subject subject = _draw.Percent(50) ? _phrases.SubjectOf(Animal | Person | Family)
            : new(Pronoun.None, _phrases.Known(SmallThing(Thing | Food), 20));
        return new(_mood, subject, _phrases.Somewhere(subject, inContainers: !subject.IsAnimate || subject.Phrase?.Noun.Is(Animal) == true), _draw.Percent(25));
    }

    private Existence Existence()
    {
        NounPhrase phrase = _phrases.New(SmallThing(Animal | Person | Profession | Thing | Food), _mood);
        return new(_mood, phrase, _phrases.Somewhere(null, inContainers: !phrase.Noun.Is(Human)));
    }

    /// <summary>Both are of one kind, and of both it could be said.</summary>
    private Comparison Comparison()
    {
        NounKind kind = _draw.Of(Animal, Family | Person, Thing, Place);
        while (true)
        {
            Subject subject = _phrases.SubjectOf(kind, adjectivePercent: 0, pronounPercent: 20);
            NounPhrase than = PhrasePlanner.Owned(subject, _phrases.Known(_phrases.NounOf(kind), adjectivePercent: 0));
            Adjective[] shared = [.. PhrasePlanner.Suiting(than.Noun).Where(adjective => adjective.Comparative is not null
                && (subject.Phrase is null ? (adjective.Suits & Family) != 0 : subject.Phrase.Noun.Is(adjective.Suits)))];
            if (shared.Length > 0 && subject.Phrase?.Noun != than.Noun)
                return new(_mood, subject, _draw.Of<Adjective>(shared), than);
        }
    }

    private Activity Liking()
    {
        Noun noun = _phrases.NounOf(Countable | MassFood | Drink | Pleasure | MassPleasure | Place);
        return new(_mood, _phrases.SubjectOf(Animate), _draw.Of<Verb>(Verbs.Liking), Tense.Present)
        {
            Object = _phrases.Described(new(Determiner.Generic, noun, !noun.Is(Mass)), 25),
        };
    }

    private Activity Wanting() => new(_mood, _phrases.SubjectOf(Animate), Verbs.Want, Tense.Present)
    {
        Object = _phrases.New(_phrases.NounOf(Countable | MassFood | Drink), _mood),
    };

    private Activity Having() => new(_mood, _phrases.SubjectOf(Human), Verbs.Have, Tense.Present)
    {
        Object = _phrases.New(_phrases.NounOf(Animal | Thing), _mood),
    };

    private Activity DoingSomething()
    {
        Verb verb = _draw.Of<Verb>(Verbs.Transitive);
        Subject subject = _phrases.SubjectOf(verb.Subjects);
        Activity action = Timed(new(_mood, subject, verb, TenseOf(verb)) { Object = _phrases.ObjectOf(subject, verb, _mood) }, 30);
        return action.Time is null && !action.Object!.Noun.Is(Place) && _draw.Percent(25) ? action with { Place = _phrases.SomePlace(subject) } : action;
    }

    private Activity Doing()
    {
        Verb verb = _draw.Of<Verb>(Verbs.Intransitive);
        Subject subject = _phrases.SubjectOf(verb.Subjects);
        Activity action = new(_mood, subject, verb, TenseOf(verb));
        return Timed(_draw.Percent(50) ? action with { Place = _phrases.Somewhere(subject, inContainers: false) } : action, 40);
    }

    private Activity Moving()
    {
        (Verb verb, Preposition direction) = _draw.Of<(Verb, Preposition)>(Verbs.Motion);
        Subject subject = _phrases.SubjectOf(verb.Subjects);
        return Timed(new(_mood, subject, verb, _draw.Of(Tense.Present, Tense.Past, Tense.Future))
        {
            Place = new(direction, _phrases.Site(subject, _phrases.NounOf(Place))),
        }, 30);
    }

    /// <summary>What one's own mother gets is given with another verb in Japanese, unless one gives it oneself.</summary>
    private Activity Giving()
    {
        Verb verb = _draw.Of<Verb>(Verbs.Giving);
        Subject subject = _phrases.SubjectOf(verb.Subjects);
        bool toFamily = subject.Pronoun is Pronoun.I && _draw.Percent(50);
        return new(_mood, subject, verb, _draw.Of(Tense.Present, Tense.Past, Tense.Future))
        {
            Object = _phrases.ObjectOf(subject, verb, _mood),
            Recipient = toFamily ? new(Determiner.My, _phrases.NounOf(Family)) : new(Determiner.The, _phrases.NounOf(Person | Profession)),
        };
    }

    private Wish Wishing()
    {
        Verb verb = _draw.Of<Verb>(s_wished);
        Subject subject = _phrases.SubjectOf(verb.Subjects);
        return new(_mood, subject, _draw.Of(Modal.Can, Modal.Must, Modal.WantTo, Modal.LikeTo), verb,
            verb.Objects == None ? null : _phrases.ObjectOf(subject, verb, _mood, known: _mood == Mood.Negation));
    }

    private WhereIs Where() => new(new Subject(Pronoun.None, _phrases.Known(_phrases.NounOf(Animal | Person | Family | Thing | Food), 30)));

    private WhatDoes What()
    {
        Verb verb = _draw.Of<Verb>(s_askedFor);
        return new(_phrases.SubjectOf(verb.Subjects), verb, TenseOf(verb));
    }

    /// <summary>A noun that has room on a table.</summary>
    private Noun SmallThing(NounKind kinds)
    {
        Noun noun = _phrases.NounOf(kinds);
        return noun.Is(Landmark) ? SmallThing(kinds) : noun;
    }

    private Tense TenseOf(Verb verb)
    {
        Tense tense = _draw.Of(Tense.Present, Tense.Present, Tense.Progressive, Tense.Past, Tense.Past, Tense.Future);
        return (tense == Tense.Progressive && verb.Momentary) || (tense == Tense.Past && !verb.HasPast) ? Tense.Present : tense;
    }

    private Activity Timed(Activity action, int percent) => _draw.Percent(percent)
        ? action with { Time = _draw.Of<TimeWords>([.. TimeWords.All.Where(time => time.Tense == action.Tense)]) }
        : action;
}
