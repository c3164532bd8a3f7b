using MiniGpt.Tensors;

namespace MiniGpt.Model.Lessons;

/// <summary>
/// Makes sentences about people who are royal or not, male or female, old or young, in English and in Japanese with spaces. Each sentence
/// says one thing of each kind, so that the words around a person tell all three, and nothing else does.
/// </summary>
internal sealed class RoyalGrammar
{
    private readonly string[][] _ages, _ranks, _sexes;
    private readonly string _form;

    private RoyalGrammar(string name, string[] people, string[] telling, string form, string[][] ages, string[][] ranks, string[][] sexes) =>
        (Name, People, Telling, _form, _ages, _ranks, _sexes) = (name, people, telling, form, ages, ranks, sexes);

    public static RoyalGrammar English { get; } = new(
        "English",
        ["man", "woman", "boy", "girl", "king", "queen", "prince", "princess"],
        ["crown", "throne", "hat", "field", "sword", "mirror", "old", "young"],
        "the {0} {1} {2} and {3}",
        [["old", "wise"], ["young", "little"]],
        [
            ["wears a straw hat", "works in the field", "lives in the village", "sells bread at the market"],
            ["wears a golden crown", "sits on the throne", "lives in the palace", "rules over the land"],
        ],
        [
            ["he takes his sword", "he rides with his brother", "he sings like his father"],
            ["she takes her mirror", "she rides with her sister", "she sings like her mother"],
        ]);

    public static RoyalGrammar Japanese { get; } = new(
        "日本語",
        ["男", "女", "少年", "少女", "王", "女王", "王子", "王女"],
        ["冠", "玉座", "帽子", "畑", "剣", "鏡", "年老いた", "若い"],
        "{0} {1} は {2} 、 {3}",
        [["年老いた", "賢い"], ["若い", "小さな"]],
        [
            ["麦わら の 帽子 を かぶり", "畑 で 働き", "村 に 住み", "市場 で パン を 売り"],
            ["金 の 冠 を かぶり", "玉座 に 座り", "宮殿 に 住み", "国 を 治め"],
        ],
        [
            ["彼 は 剣 を 取る", "彼 は 兄 と 馬 に 乗る", "彼 は 父 の ように 歌う"],
            ["彼女 は 鏡 を 取る", "彼女 は 姉 と 馬 に 乗る", "彼女 は 母 の ように 歌う"],
        ]);

    /// <summary>What the language is called in itself.</summary>
    public string Name { get; }

    /// <summary>Words that tell two of each kind apart.</summary>
    public string[] Telling { get; }

    /// <summary>The people: bit 0 of the place is the sex, bit 1 the age, bit 2 the rank.</summary>
    public string[] People { get; }

    public string Man => People[0];

    public string Woman => People[1];

    public string King => People[4];

    public string Queen => People[5];

    /// <summary>So many sentences, a line each.</summary>
    public string Text(int sentences)
    {
        RandomStream stream = new(seed: 0, RandomPurpose.Sentences);
        string[] lines = new string[sentences];
        for (int i = 0; i < sentences; i++)
        {
            int draw = 4 * i, person = stream.Below((ulong)draw, People.Length);
            lines[i] = string.Format(null, _form, Choose(_ages[(person >> 1) & 1], 1), People[person], Choose(_ranks[person >> 2], 2),
                Choose(_sexes[person & 1], 3));

            string Choose(string[] phrases, int number) => phrases[stream.Below((ulong)(draw + number), phrases.Length)];
        }
        return string.Join('\n', lines);
    }
}
