using MiniGpt.Model.Tokenizers;

namespace MiniGpt.Model.Lessons;

/// <summary>
/// Sentences such as "in the morning the baker bakes again". What stands to the left of the subject and the end of the sentence go with every
/// subject, so that the verb, to its right, tells it and nothing else does.
/// </summary>
internal static class SubjectGrammar
{
    private const string Mask = WordPieceTokenizer.Mask;

    private static readonly string[] s_verbs = ["barks", "meows", "sings", "gallops", "bakes", "paints"];
    private static readonly string[] s_beginnings = ["the", "the old", "every day the", "in the morning the"];
    private static readonly string[] s_ends = ["too", "again", "happily"];

    /// <summary>The subjects, each of them the doer of one verb.</summary>
    public static string[] Subjects { get; } = ["dog", "cat", "bird", "horse", "baker", "painter"];

    /// <summary>All words and the mask; a word's place is its id.</summary>
    public static string[] Vocabulary { get; } =
        [Mask, .. Subjects, .. s_verbs, .. s_beginnings.Concat(s_ends).SelectMany(part => part.Split(' ')).Distinct()];

    /// <summary>The longest sentence.</summary>
    public static int MostWords { get; } = s_beginnings.Max(beginning => beginning.Split(' ').Length) + 3;

    /// <summary>
    /// The sentences, of which a third is kept to ask about. To each beginning all subjects are learned with two of the three ends: before the
    /// verb nothing makes one subject likelier than another.
    /// </summary>
    public static MaskedSentence[] Sentences(bool isKept) =>
        [.. from beginning in Enumerable.Range(0, s_beginnings.Length)
            from subject in Enumerable.Range(0, Subjects.Length)
            from end in Enumerable.Range(0, s_ends.Length)
            where (beginning + subject + end) % s_ends.Length == 0 == isKept
            select Of(s_beginnings[beginning], subject, s_ends[end])];

    /// <summary>"the [MASK] barks too" or the like.</summary>
    public static MaskedSentence Ask(string subject) => Of(s_beginnings[0], Array.IndexOf(Subjects, subject), s_ends[0]);

    private static MaskedSentence Of(string beginning, int subject, string end)
    {
        string[] words = [.. beginning.Split(' '), Mask, s_verbs[subject], end];
        return new MaskedSentence(words, Array.IndexOf(words, Mask), Subjects[subject]);
    }
}

/// <summary>A sentence of which one word is masked.</summary>
/// <param name="Words">The words.</param>
/// <param name="Place">Where the mask stands.</param>
/// <param name="Right">What stood there.</param>
internal sealed record MaskedSentence(string[] Words, int Place, string Right)
{
    /// <summary>The ids of the words.</summary>
    public int[] Ids => [.. Words.Select(word => Array.IndexOf(SubjectGrammar.Vocabulary, word))];

    /// <summary>The id of what stood in the place of the mask.</summary>
    public int RightId => Array.IndexOf(SubjectGrammar.Vocabulary, Right);
}
