using MiniGpt.Model.Data;

namespace MiniGpt.Model.Lessons;

/// <summary>
/// English sentences such as "cats chase birds today" and their Japanese translations with spaces, 今日 猫 は 鳥 を 追う: the verb goes to the
/// end, the day to the beginning, and the particle behind the object depends on the verb.
/// </summary>
internal static class TinyTranslationGrammar
{
    /// <summary>The id that stands before a translation and fills up shorter sentences.</summary>
    public const int Padding = 0;

    /// <summary>The id that ends a text.</summary>
    public const int End = 1;

    private static readonly (string English, string Japanese)[] s_nouns =
        [("cats", "猫"), ("dogs", "犬"), ("birds", "鳥"), ("fish", "魚"), ("bears", "熊"), ("horses", "馬")];

    private static readonly (string English, string Japanese)[] s_verbs =
        [("see", "を 見る"), ("chase", "を 追う"), ("call", "を 呼ぶ"), ("like", "が 好き")];

    private static readonly (string English, string Japanese)[] s_days = [("", ""), (" today", "今日 ")];

    /// <summary>All words of Japanese, and the end.</summary>
    public static string[] Japanese { get; } = ["今日", .. s_nouns.Select(noun => noun.Japanese), "は", "を", "が", "見る", "追う", "呼ぶ", "好き", "</s>"];

    /// <summary>All words of both languages and the marks round them; a word's place is its id.</summary>
    public static string[] Vocabulary { get; } =
        ["<pad>", "</s>", .. s_nouns.Select(noun => noun.English), .. s_verbs.Select(verb => verb.English), "today", .. Japanese[..^1]];

    /// <summary>The sentences with their translations, of which a quarter is kept to ask about.</summary>
    public static TokenPairs Pairs(bool isKept)
    {
        (string English, string Japanese)[] sentences =
            [.. from subject in Enumerable.Range(0, s_nouns.Length)
                from verb in Enumerable.Range(0, s_verbs.Length)
                from other in Enumerable.Range(0, s_nouns.Length)
                from day in Enumerable.Range(0, s_days.Length)
                where subject != other && (subject + verb + 2 * other + day) % 4 == 2 == isKept
                select ($"{s_nouns[subject].English} {s_verbs[verb].English} {s_nouns[other].English}{s_days[day].English}",
                    $"{s_days[day].Japanese}{s_nouns[subject].Japanese} は {s_nouns[other].Japanese} {s_verbs[verb].Japanese}")];
        return new TokenPairs([.. sentences.Select(pair => Ids(pair.English))], [.. sentences.Select(pair => Ids(pair.Japanese))]);
    }

    /// <summary>The ids of words with spaces between them.</summary>
    public static int[] Ids(string text) => [.. text.Split(' ').Select(word => Array.IndexOf(Vocabulary, word))];

    /// <summary>The words of ids.</summary>
    public static string[] Words(IEnumerable<int> ids) => [.. ids.Select(id => Vocabulary[id])];
}
