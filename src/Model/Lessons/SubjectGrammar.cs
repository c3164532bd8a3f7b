using MiniGpt.Model.Tokenizers;

namespace MiniGpt.Model.Lessons;

/// <summary>
/// Sentences such as "in the morning the baker bakes again", or その 犬 が 今日も 吠える. What stands to the left of the subject and how often or
/// how it is done go with every subject, so that the verb, to its right, tells it and nothing else does.
/// </summary>
internal sealed class SubjectGrammar
{
    private const string Mask = WordPieceTokenizer.Mask;

    private readonly string _form;
    private readonly string[] _subjects, _verbs, _beginnings, _adverbs;

    private SubjectGrammar(string form, string[] subjects, string[] verbs, string[] beginnings, string[] adverbs)
    {
        (_form, _subjects, _verbs, _beginnings, _adverbs) = (form, subjects, verbs, beginnings, adverbs);
        string[] others = [.. beginnings.Concat(adverbs).SelectMany(part => part.Split(' ')), .. form.Split(' ').Where(part => part[0] != '{')];
        Vocabulary = [.. ((string[])[Mask, .. subjects, .. verbs, .. others]).Distinct()];
        MostWords = Sentences(isKept: false).Max(sentence => sentence.Words.Length);
    }

    public static SubjectGrammar English { get; } = new(
        "{0} {1} {2} {3}",
        ["dog", "cat", "bird", "horse", "baker", "painter"],
        ["barks", "meows", "sings", "gallops", "bakes", "paints"],
        ["the", "the old", "every day the", "in the morning the"],
        ["too", "again", "happily"]);

    public static SubjectGrammar Japanese { get; } = new(
        "{0} {1} が {3} {2}",
        ["犬", "猫", "小鳥", "馬", "パン屋", "画家"],
        ["吠える", "じゃれる", "さえずる", "いななく", "焼く", "描く"],
        ["その", "あの 年老いた", "この 村 の", "朝 に は その"],
        ["今日も", "また", "楽しそうに"]);

    /// <summary>The subjects, each of them the doer of one verb.</summary>
    public IReadOnlyList<string> Subjects => _subjects;

    /// <summary>All words and the mask; a word's place is its id.</summary>
    public string[] Vocabulary { get; }

    /// <summary>The longest sentence.</summary>
    public int MostWords { get; }

    /// <summary>
    /// The sentences, of which a third is kept to ask about. To each beginning all subjects are learned with two of the three adverbs: before the
    /// verb nothing makes one subject likelier than another.
    /// </summary>
    public MaskedSentence[] Sentences(bool isKept) =>
        [.. from beginning in Enumerable.Range(0, _beginnings.Length)
            from subject in Enumerable.Range(0, _subjects.Length)
            from adverb in Enumerable.Range(0, _adverbs.Length)
            where (beginning + subject + adverb) % _adverbs.Length == 0 == isKept
            select Of(beginning, subject, adverb)];

    /// <summary>"the [MASK] barks too" or the like.</summary>
    public MaskedSentence Ask(int subject) => Of(beginning: 0, subject, adverb: 0);

    private MaskedSentence Of(int beginning, int subject, int adverb)
    {
        string[] words = string.Format(null, _form, _beginnings[beginning], Mask, _verbs[subject], _adverbs[adverb]).Split(' ');
        return new MaskedSentence(words, [.. words.Select(IdOf)], Array.IndexOf(words, Mask), IdOf(_subjects[subject]));
    }

    private int IdOf(string word) => Array.IndexOf(Vocabulary, word);
}

/// <summary>A sentence of which one word is masked.</summary>
/// <param name="Words">The words.</param>
/// <param name="Ids">Their ids.</param>
/// <param name="Place">Where the mask stands.</param>
/// <param name="RightId">The id of what stood there.</param>
internal sealed record MaskedSentence(string[] Words, int[] Ids, int Place, int RightId);
