namespace MiniGpt.Model.Data.Translation;

/// <summary>
/// Says a sentence in polite Japanese: the topic first, then when, where, to whom and what, and the verb last. Nothing is spaced.
/// </summary>
internal static class JapaneseWriter
{
    private const string Numerals = "二三四五六七八九十";

    public static string Write(Sentence sentence)
    {
        bool negative = sentence.Mood == Mood.Negation;
        string text = sentence switch
        {
            Description said => Topic(said.Subject) + said.Adjective.JapanesePredicate(negative, said.Past),
            Identity said => Topic(said.Subject) + Phrase(said.Phrase) + JapaneseForms.Copula(negative, past: false),
            Showing said => Pointing(said.Near, said.Phrase.Plural) + "は" + Phrase(said.Phrase) + JapaneseForms.Copula(negative, past: false),
            Location said => Topic(said.Subject) + Where(said.Place, "に") + Being(said.Subject.IsAnimate, negative, said.Past),
            Existence said => Where(said.Place, "に") + Phrase(said.Phrase, negative ? "は" : "が")
                + Being(said.Phrase.Noun.Is(NounKind.Animate), negative, past: false),
            Comparison said => Topic(said.Subject) + Phrase(said.Than) + "より" + said.Adjective.JapanesePredicate(negative, past: false),
            Activity said => Topic(said.Subject) + said.Time?.Japanese + (said.Place is null ? "" : Where(said.Place, said.Verb.PlaceParticle))
                + (said.Recipient is null ? "" : Phrase(said.Recipient, "に")) + Does(said, negative),
            Wish said => Topic(said.Subject) + (said.Object is null ? "" : Phrase(said.Object, said.Verb.Particle)) + Wishes(said, negative),
            WhereIs said => Topic(said.Subject) + "どこに" + Being(said.Subject.IsAnimate, negative, past: false),
            WhatDoes said => Topic(said.Subject) + "何" + said.Verb.Particle + Conjugated(said.Verb, said.Tense, negative),
            _ => throw new ArgumentOutOfRangeException(nameof(sentence)),
        };
        return text + (sentence.Mood == Mood.Question ? "か。" : "。");
    }

    private static string Does(Activity said, bool negative) => said.Verb.Use switch
    {
        JapaneseUse.Liking => Phrase(said.Object!, "が") + said.Verb.Japanese + JapaneseForms.Copula(negative, past: false),
        JapaneseUse.Wanting when said.Subject.IsThirdPerson =>
            Phrase(said.Object!, "を") + "欲しがってい" + JapaneseForms.PoliteEnding(negative, past: false),
        JapaneseUse.Wanting => Phrase(said.Object!, "が") + (negative ? "欲しくありません" : "欲しいです"),
        JapaneseUse.Having => Phrase(said.Object!, "を") + (said.Object!.Noun.Is(NounKind.Animal) ? "飼ってい" : "持ってい")
            + JapaneseForms.PoliteEnding(negative, past: false),
        _ => (said.Object is null ? "" : Phrase(said.Object, said.Verb.Particle)) + Conjugated(said.Verb, said.Tense, negative),
    };

    private static string Conjugated(Verb verb, Tense tense, bool negative) => tense == Tense.Progressive
        ? JapaneseForms.Te(verb.Japanese, verb.JapaneseKind) + "い" + JapaneseForms.PoliteEnding(negative, past: false)
        : JapaneseForms.PoliteStem(verb.Japanese, verb.JapaneseKind) + JapaneseForms.PoliteEnding(negative, tense == Tense.Past);

    /// <summary>What is possible, due, wished or liked. The wish of somebody else is said as it is seen: 泳ぎたがっています.</summary>
    private static string Wishes(Wish said, bool negative)
    {
        string verb = said.Verb.Japanese;
        JapaneseVerb kind = said.Verb.JapaneseKind;
        string ending = JapaneseForms.PoliteEnding(negative, past: false);
        return said.Modal switch
        {
            Modal.Can => verb + "ことができ" + ending,
            Modal.Must when negative => JapaneseForms.Te(verb, kind) + "はいけません",
            Modal.Must => JapaneseForms.NegativeStem(verb, kind) + "なければなりません",
            Modal.WantTo when said.Subject.IsThirdPerson => JapaneseForms.PoliteStem(verb, kind) + "たがってい" + ending,
            Modal.WantTo => JapaneseForms.PoliteStem(verb, kind) + (negative ? "たくありません" : "たいです"),
            _ => verb + "のが好き" + JapaneseForms.Copula(negative, past: false),
        };
    }

    /// <summary>Who lives is いる, what does not is ある.</summary>
    private static string Being(bool animate, bool negative, bool past) => (animate ? "い" : "あり") + JapaneseForms.PoliteEnding(negative, past);

    private static string Pointing(bool near, bool plural) => (near ? "これ" : "あれ") + (plural ? "ら" : "");

    private static string Topic(Subject subject) => Named(subject) + "は";

    private static string Named(Subject subject) => subject.Pronoun switch
    {
        Pronoun.None => Phrase(subject.Phrase!),
        Pronoun.I => "私",
        Pronoun.You => "あなた",
        Pronoun.He => "彼",
        Pronoun.She => "彼女",
        Pronoun.We => "私たち",
        _ => "彼ら",
    };

    private static string Where(PlacePhrase place, string particle) =>
        Phrase(place.Phrase) + place.Preposition.Japanese + (place.Preposition.Particle ?? particle);

    /// <summary>A noun with its particle. A number stands behind が and を, as it is spoken: 猫が三匹います.</summary>
    private static string Phrase(NounPhrase phrase, string particle = "")
    {
        string noun = phrase.Adjective?.JapaneseBeforeNoun + Noun(phrase);
        if (phrase.Determiner != Determiner.Number)
            return Determined(phrase) + noun + particle;
        string count = Numerals[phrase.Number - 2] + phrase.Noun.Counter;
        return particle is "が" or "を" ? noun + particle + count : $"{count}の{noun}{particle}";
    }

    /// <summary>
    /// One's own family has plainer words than that of others: 母 and お母さん. Several people that both know are 学生たち; in 友達 it is part of the
    /// word.
    /// </summary>
    private static string Noun(NounPhrase phrase)
    {
        if (phrase.Determiner is Determiner.My or Determiner.Our && phrase.Noun.JapaneseOwn is string own)
            return own;
        bool known = phrase.Determiner is not (Determiner.Some or Determiner.Generic or Determiner.Number);
        bool several = phrase.Plural && known && phrase.Noun.Is(NounKind.Human) && phrase.Noun.Japanese != "友達";
        return phrase.Noun.Japanese + (several ? "たち" : "");
    }

    private static string Determined(NounPhrase phrase) => phrase.Determiner switch
    {
        Determiner.The or Determiner.Some or Determiner.Generic => "",
        Determiner.This => phrase.Plural && !phrase.Noun.Is(NounKind.Human) ? "これらの" : "この",
        Determiner.That => phrase.Plural && !phrase.Noun.Is(NounKind.Human) ? "あれらの" : "あの",
        Determiner.My when phrase.Noun.JapaneseOwn is not null => "",
        Determiner.Our or Determiner.Their when phrase.BelongsToSubject => "自分たちの",
        _ when phrase.BelongsToSubject => "自分の",
        Determiner.My => "私の",
        Determiner.Your => "あなたの",
        Determiner.His => "彼の",
        Determiner.Her => "彼女の",
        Determiner.Our => "私たちの",
        _ => "彼らの",
    };
}
