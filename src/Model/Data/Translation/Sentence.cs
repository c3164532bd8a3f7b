namespace MiniGpt.Model.Data.Translation;

/// <summary>Whether a sentence says that something is so, that it is not, or asks.</summary>
internal enum Mood
{
    Statement,
    Negation,
    Question,
}

/// <summary>What stands before a noun.</summary>
internal enum Determiner
{
    The,

    /// <summary>a or an in the singular, nothing in the plural and with what is not counted.</summary>
    Some,

    /// <summary>A whole kind: "likes cats", which French says with its article.</summary>
    Generic,
    This,
    That,
    My,
    Your,
    His,
    Her,
    Our,
    Their,

    /// <summary>A number from two to ten.</summary>
    Number,
}

/// <summary>Who does something: a pronoun or a noun.</summary>
internal enum Pronoun
{
    None,
    I,
    You,
    He,
    She,
    We,
    They,
}

/// <summary>A noun with what stands before and around it.</summary>
internal sealed record NounPhrase(Determiner Determiner, Noun Noun, bool Plural = false)
{
    public Adjective? Adjective { get; init; }

    /// <summary>How many, where the determiner is a number.</summary>
    public int Number { get; init; }

    /// <summary>Whether a woman is meant, for whom French has a word of its own: "she is a singer".</summary>
    public bool Woman { get; init; }

    /// <summary>Whether it belongs to the subject: Japanese says 自分の then.</summary>
    public bool BelongsToSubject { get; init; }

    /// <summary>Whether French takes it as feminine.</summary>
    public bool Feminine => Noun.Feminine || Woman;
}

/// <summary>The subject of a sentence: a pronoun, or a noun where the pronoun is <see cref="Pronoun.None"/>.</summary>
internal sealed record Subject(Pronoun Pronoun, NounPhrase? Phrase)
{
    public bool IsAnimate => Phrase is null || Phrase.Noun.Is(NounKind.Animate);

    public bool IsPlural => Phrase?.Plural ?? Pronoun is Pronoun.We or Pronoun.They;

    /// <summary>The gender that French adjectives agree with. I, you, we and they are masculine here, so that a sentence has one translation.</summary>
    public bool Feminine => Phrase?.Feminine ?? Pronoun == Pronoun.She;

    /// <summary>Whether it is spoken of somebody else than the two who talk.</summary>
    public bool IsThirdPerson => Pronoun is Pronoun.None or Pronoun.He or Pronoun.She or Pronoun.They;
}

/// <summary>Where: a preposition and its noun.</summary>
internal sealed record PlacePhrase(Preposition Preposition, NounPhrase Phrase);

/// <summary>What a sentence means, before it is said in a language. The writers of the three languages say it.</summary>
internal abstract record Sentence(Mood Mood);

/// <summary>"The dog is big."</summary>
internal sealed record Description(Mood Mood, Subject Subject, Adjective Adjective, bool Past) : Sentence(Mood);

/// <summary>"I am a good dog."</summary>
internal sealed record Identity(Mood Mood, Subject Subject, NounPhrase Phrase) : Sentence(Mood);

/// <summary>"This is my book."</summary>
internal sealed record Showing(Mood Mood, bool Near, NounPhrase Phrase) : Sentence(Mood);

/// <summary>"The cat is in the kitchen."</summary>
internal sealed record Location(Mood Mood, Subject Subject, PlacePhrase Place, bool Past) : Sentence(Mood);

/// <summary>"There are three cats in the garden."</summary>
internal sealed record Existence(Mood Mood, NounPhrase Phrase, PlacePhrase Place) : Sentence(Mood);

/// <summary>"The dog is bigger than the cat."</summary>
internal sealed record Comparison(Mood Mood, Subject Subject, Adjective Adjective, NounPhrase Than) : Sentence(Mood);

/// <summary>"The cat sees a bird in the garden."</summary>
internal sealed record Activity(Mood Mood, Subject Subject, Verb Verb, Tense Tense) : Sentence(Mood)
{
    public NounPhrase? Object { get; init; }

    /// <summary>To whom: "to the girl".</summary>
    public NounPhrase? Recipient { get; init; }

    public PlacePhrase? Place { get; init; }

    public TimeWords? Time { get; init; }
}

/// <summary>"The cat wants to eat an apple."</summary>
internal sealed record Wish(Mood Mood, Subject Subject, Modal Modal, Verb Verb, NounPhrase? Object) : Sentence(Mood);

/// <summary>"Where is the cat?"</summary>
internal sealed record WhereIs(Subject Subject) : Sentence(Mood.Question);

/// <summary>"What does the cat eat?"</summary>
internal sealed record WhatDoes(Subject Subject, Verb Verb, Tense Tense) : Sentence(Mood.Question);

/// <summary>What stands before a verb in its infinitive.</summary>
internal enum Modal
{
    Can,
    Must,
    WantTo,
    LikeTo,
}
