using MiniGpt.Model.Data.Translation;
using MiniGpt.Tensors;

namespace MiniGpt.Model.Data;

/// <summary>What English is translated into.</summary>
public enum PairLanguage
{
    /// <summary>French.</summary>
    French,

    /// <summary>Japanese.</summary>
    Japanese,
}

/// <summary>A sentence and its translation.</summary>
/// <param name="Source">The English sentence.</param>
/// <param name="Target">Its translation.</param>
public readonly record struct SentencePair(string Source, string Target);

/// <summary>
/// A small grammar that makes English sentences with their French or Japanese translation, to learn to translate from without any data.
/// A sentence is drawn as what it means, and each language says it by its own rules: articles, agreement and elision in French, particles, counters and
/// word order in Japanese. An English sentence has exactly one translation: "you" is one person whom one knows well, and I, you, we and they are masculine.
/// </summary>
public static class SentencePairGrammar
{
    private const int HeldOutOneIn = 50;

    // The held-out sentences are the same for every seed that one trains with.
    private const ulong HeldOutSeed = 2017;

    // Meant, not drawn: both are what the introduction to translation shows.
    private static readonly Sentence[] s_shown =
    [
        new Identity(Mood.Statement, new Subject(Pronoun.I, null),
            new NounPhrase(Determiner.Some, Noun("dog")) { Adjective = Adjectives.All.Single(adjective => adjective.English == "good") }),
        new Activity(Mood.Statement, new Subject(Pronoun.None, new NounPhrase(Determiner.The, Noun("cat"))), Verbs.Liking[0], Tense.Present)
        {
            Object = new NounPhrase(Determiner.Generic, Noun("nap"), Plural: true),
        },
    ];

    private static readonly HashSet<string> s_shownSources = [.. s_shown.Select(EnglishWriter.Write)];

    /// <summary>A pair: a function of the language, the seed and the index alone. Different indices can give the same pair.</summary>
    public static SentencePair Pair(PairLanguage language, ulong seed, ulong index)
    {
        Sentence said = Drawn(seed, index);
        return Written(language, EnglishWriter.Write(said), said);
    }

    /// <summary>
    /// Whether an English sentence is kept for evaluation: one in fifty by its characters, and the two that are shown, "I am a good dog." and
    /// "The cat likes naps."
    /// </summary>
    public static bool IsHeldOut(string source)
    {
        ArgumentNullException.ThrowIfNull(source);
        return s_shownSources.Contains(source) || Hash(source) % HeldOutOneIn == 0;
    }

    /// <summary>Different pairs to train on, without end for any practical count: none of their sentences is held out.</summary>
    public static IEnumerable<SentencePair> Train(PairLanguage language, ulong seed) =>
        Different(seed, heldOut: false).Select(drawn => Written(language, drawn.Source, drawn.Said));

    /// <summary>Different held-out pairs, the same ones in the same order each time: first the two that are shown.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="count"/> is negative.</exception>
    public static IEnumerable<SentencePair> HeldOut(PairLanguage language, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        return s_shown.Select(said => (Source: EnglishWriter.Write(said), Said: said))
            .Concat(Different(HeldOutSeed, heldOut: true).Where(drawn => !s_shownSources.Contains(drawn.Source)))
            .Take(count).Select(drawn => Written(language, drawn.Source, drawn.Said));
    }

    private static IEnumerable<(string Source, Sentence Said)> Different(ulong seed, bool heldOut)
    {
        HashSet<string> seen = [];
        for (ulong index = 0; ; index++)
        {
            Sentence said = Drawn(seed, index);
            string source = EnglishWriter.Write(said);
            if (IsHeldOut(source) == heldOut && seen.Add(source))
                yield return (source, said);
        }
    }

    private static Sentence Drawn(ulong seed, ulong index) => SentencePlanner.Plan(new Draw(new RandomStream(seed, RandomPurpose.Sentences, index)));

    private static SentencePair Written(PairLanguage language, string source, Sentence said) => new(source, language switch
    {
        PairLanguage.French => FrenchWriter.Write(said),
        PairLanguage.Japanese => JapaneseWriter.Write(said),
        _ => throw new ArgumentOutOfRangeException(nameof(language), language, "not a language of the grammar"),
    });

    private static Noun Noun(string english) => PhrasePlanner.AllNouns.First(noun => noun.English == english);

    /// <summary>FNV-1a (Fowler, Noll and Vo) over UTF-16, and the finaliser of MurmurHash3 so that every bit counts: the same on every machine.</summary>
    private static ulong Hash(string text)
    {
        ulong hash = 0xCBF29CE484222325;
        foreach (char character in text)
            hash = (hash ^ character) * 0x100000001B3;
        hash = (hash ^ hash >> 33) * 0xFF51AFD7ED558CCD;
        hash = (hash ^ hash >> 33) * 0xC4CEB9FE1A85EC53;
        return hash ^ hash >> 33;
    }
}
