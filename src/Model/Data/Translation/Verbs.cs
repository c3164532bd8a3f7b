using static MiniGpt.Model.Data.Translation.FrenchVerb;
using static MiniGpt.Model.Data.Translation.JapaneseVerb;
using static MiniGpt.Model.Data.Translation.NounKind;

namespace MiniGpt.Model.Data.Translation;

/// <summary>The verbs.</summary>
internal static class Verbs
{
    private const NounKind Sold = Thing | Food | MassFood | Drink;

    /// <summary>Verbs with an object.</summary>
    public static readonly Verb[] Transitive =
    [
        new(new("see", "saw", "seeing"), new("voir", ["vois", "vois", "voit", "voyons", "voient"], "vu", "verr"),
            "見る", Ichidan, Animate, Animal | Person | Thing | Place) { Momentary = true },
        new(new("look", "looked", "looking") { Particle = "for" }, Regular("chercher"), "探す", Godan, Animate, Animal | Person | Thing),
        new(new("find", "found", "finding"), Regular("trouver"), "見つける", Ichidan, Animate, Animal | Thing) { Momentary = true },
        new(new("eat", "ate", "eating"), Regular("manger"), "食べる", Ichidan, Animate, Food | MassFood),
        new(new("drink", "drank", "drinking"), new("boire", ["bois", "bois", "boit", "buvons", "boivent"], "bu", "boir"),
            "飲む", Godan, Animate, Drink),
        new(new("buy", "bought", "buying"), new("acheter", ["achète", "achètes", "achète", "achetons", "achètent"], "acheté", "achèter"),
            "買う", Godan, Human, Sold),
        new(new("sell", "sold", "selling"), new("vendre", ["vends", "vends", "vend", "vendons", "vendent"], "vendu", "vendr"),
            "売る", Godan, Human, Sold),
        new(new("read", "read", "reading"), new("lire", ["lis", "lis", "lit", "lisons", "lisent"], "lu", "lir"), "読む", Godan, Human, Readable),
        new(new("write", "wrote", "writing"), new("écrire", ["écris", "écris", "écrit", "écrivons", "écrivent"], "écrit", "écrir"),
            "書く", Godan, Human, Writable),
        new(new("open", "opened", "opening"), new("ouvrir", ["ouvre", "ouvres", "ouvre", "ouvrons", "ouvrent"], "ouvert", "ouvrir"),
            "開ける", Ichidan, Human, Openable),
        new(new("close", "closed", "closing"), Regular("fermer"), "閉める", Ichidan, Human, Openable),
        new(new("wash", "washed", "washing"), Regular("laver"), "洗う", Godan, Human, Washable),
        new(new("draw", "drew", "drawing"), Regular("dessiner"), "描く", Godan, Human, Animal | Landmark | Place),
        new(new("wait", "waited", "waiting") { Particle = "for" },
            new("attendre", ["attends", "attends", "attend", "attendons", "attendent"], "attendu", "attendr"), "待つ", Godan, Animate, Person | Vehicle),
        new(new("chase", "chased", "chasing"),
            new("poursuivre", ["poursuis", "poursuis", "poursuit", "poursuivons", "poursuivent"], "poursuivi", "poursuivr"),
            "追いかける", Ichidan, Animate, Animal | Person),
        new(new("help", "helped", "helping"), Regular("aider"), "助ける", Ichidan, Animate, Animal | Human),
        new(new("call", "called", "calling"), new("appeler", ["appelle", "appelles", "appelle", "appelons", "appellent"], "appelé", "appeller"),
            "呼ぶ", Godan, Human, Animal | Human),
        new(new("visit", "visited", "visiting"), Regular("visiter"), "訪れる", Ichidan, Human, Place),
        new(new("break", "broke", "breaking"), Regular("casser"), "壊す", Godan, Animate, Machine | Instrument) { Momentary = true },
        new(new("lose", "lost", "losing"), new("perdre", ["perds", "perds", "perd", "perdons", "perdent"], "perdu", "perdr"),
            "なくす", Godan, Human, Wearable | Container | Readable) { Momentary = true },
        new(new("hide", "hid", "hiding"), Regular("cacher"), "隠す", Godan, Animate, Wearable | Container | Readable | Food),
        new(new("choose", "chose", "choosing"), new("choisir", ["choisis", "choisis", "choisit", "choisissons", "choisissent"], "choisi", "choisir"),
            "選ぶ", Godan, Human, Thing | Food),
        new(new("invite", "invited", "inviting"), Regular("inviter"), "招待する", Suru, Human, Human),
        new(new("listen", "listened", "listening") { Particle = "to" }, Regular("écouter"), "聞く", Godan, Animate, Audible),
        new(new("talk", "talked", "talking") { Particle = "to" }, Regular("parler") with { Preposition = "à" },
            "話す", Godan, Human, Animal | Human) { Particle = "と" },
        new(new("answer", "answered", "answering"),
            new("répondre", ["réponds", "réponds", "répond", "répondons", "répondent"], "répondu", "répondr") { Preposition = "à" },
            "答える", Ichidan, Human, Human) { Particle = "に" },
        new(new("play", "played", "playing"), Regular("jouer") with { Preposition = "de" },
            "弾く", Godan, Human, Instrument) { DefiniteObject = true },
    ];

    /// <summary>Verbs without an object.</summary>
    public static readonly Verb[] Intransitive =
    [
        new(new("sleep", "slept", "sleeping"),
            new("dormir", ["dors", "dors", "dort", "dormons", "dorment"], "dormi", "dormir"),
            "眠る", Godan, Animate),
        new(new("run", "ran", "running"), new("courir", ["cours", "cours", "court", "courons", "courent"], "couru", "courr"), "走る", Godan, Animate) { PlaceParticle = "を" },
        new(new("swim", "swam", "swimming"), Regular("nager"), "泳ぐ", Godan, Animate),
        new(new("sing", "sang", "singing"), Regular("chanter"), "歌う", Godan, Animate),
        new(new("dance", "danced", "dancing"), Regular("danser"), "踊る", Godan, Animate),
        new(new("play", "played", "playing"), Regular("jouer"), "遊ぶ", Godan, Animate),
        new(new("work", "worked", "working"), Regular("travailler"), "働く", Godan, Human),
        new(new("cry", "cried", "crying"), Regular("pleurer"), "泣く", Godan, Human),
        new(new("laugh", "laughed", "laughing"), new("rire", ["ris", "ris", "rit", "rions", "rient"], "ri", "rir"), "笑う", Godan, Human),
        new(new("walk", "walked", "walking"), Regular("marcher"), "歩く", Godan, Animate) { PlaceParticle = "を" },
        new(new("study", "studied", "studying"), Regular("étudier"), "勉強する", Suru, Human),
        new(new("cook", "cooked", "cooking"), Regular("cuisiner"), "料理する", Suru, Human),
        new(new("wait", "waited", "waiting"),
            new("attendre", ["attends", "attends", "attend", "attendons", "attendent"], "attendu", "attendr"), "待つ", Godan, Animate),
    ];

    /// <summary>
    /// Verbs of motion, which make their past with être, and where they lead. 来る is irregular to the ear alone: its character stays, as the stem of
    /// 食べる does.
    /// </summary>
    public static readonly (Verb Verb, Preposition Direction)[] Motion =
    [
        (new(new("go", "went", "going"), new("aller", ["vais", "vas", "va", "allons", "vont"], "allé", "ir") { WithBe = true },
            "行く", Godan, Animate), Prepositions.To),
        (new(new("come", "came", "coming"), new("venir", ["viens", "viens", "vient", "venons", "viennent"], "venu", "viendr") { WithBe = true },
            "来る", Ichidan, Animate), Prepositions.From),
        (new(new("return", "returned", "returning"), Regular("retourner") with { WithBe = true }, "戻る", Godan, Animate), Prepositions.To),
        (new(new("arrive", "arrived", "arriving"), Regular("arriver") with { WithBe = true }, "着く", Godan, Animate), Prepositions.Arriving),
    ];

    /// <summary>Verbs of handing something over to somebody.</summary>
    public static readonly Verb[] Giving =
    [
        new(new("give", "gave", "giving"), Regular("donner"), "あげる", Ichidan, Human, Thing | Food),
        new(new("show", "showed", "showing"), Regular("montrer"), "見せる", Ichidan, Human, Thing),
        new(new("sell", "sold", "selling"), new("vendre", ["vends", "vends", "vend", "vendons", "vendent"], "vendu", "vendr"),
            "売る", Godan, Human, Sold),
    ];

    /// <summary>Verbs for how one feels about things of a kind.</summary>
    public static readonly Verb[] Liking =
    [
        new(new("like", "liked", "liking"), Regular("aimer"), "好き", Godan, Animate) { Use = JapaneseUse.Liking },
        new(new("love", "loved", "loving"), Regular("adorer"), "大好き", Godan, Animate) { Use = JapaneseUse.Liking },
        new(new("hate", "hated", "hating"), Regular("détester"), "嫌い", Godan, Animate) { Use = JapaneseUse.Liking },
    ];

    public static readonly Verb Want = new(new("want", "wanted", "wanting"),
        new("vouloir", ["veux", "veux", "veut", "voulons", "veulent"], "voulu", "voudr"), "欲しい", Godan, Animate)
    {
        Use = JapaneseUse.Wanting,
    };

    public static readonly Verb Have = new(new("have", "had", "having"),
        new("avoir", ["ai", "as", "a", "avons", "ont"], "eu", "aur"), "持つ", Godan, Human)
    {
        Use = JapaneseUse.Having,
    };
}
