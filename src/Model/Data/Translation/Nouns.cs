using static MiniGpt.Model.Data.Translation.NounKind;

namespace MiniGpt.Model.Data.Translation;

/// <summary>The nouns for living beings, food, places and what is liked. Those for things are in <see cref="Things"/>.</summary>
internal static class Nouns
{
    private const bool Masculine = false;
    private const bool Feminine = true;

    public static readonly Noun[] Animals =
    [
        new("cat", "chat", Masculine, "猫", "匹", Animal),
        new("dog", "chien", Masculine, "犬", "匹", Animal),
        new("bird", "oiseau", Masculine, "鳥", "羽", Animal),
        new("horse", "cheval", Masculine, "馬", "頭", Animal),
        new("cow", "vache", Feminine, "牛", "頭", Animal),
        new("pig", "cochon", Masculine, "豚", "頭", Animal),
        new("rabbit", "lapin", Masculine, "うさぎ", "匹", Animal),
        new("mouse", "souris", Feminine, "ねずみ", "匹", Animal) { IrregularPlural = "mice" },
        new("frog", "grenouille", Feminine, "かえる", "匹", Animal),
        new("duck", "canard", Masculine, "あひる", "羽", Animal),
        new("hen", "poule", Feminine, "めんどり", "羽", Animal),
        new("bear", "ours", Masculine, "熊", "頭", Animal),
        new("lion", "lion", Masculine, "ライオン", "頭", Animal),
        new("tiger", "tigre", Masculine, "虎", "頭", Animal),
        new("elephant", "éléphant", Masculine, "象", "頭", Animal),
        new("monkey", "singe", Masculine, "猿", "匹", Animal),
        new("fox", "renard", Masculine, "きつね", "匹", Animal),
        new("wolf", "loup", Masculine, "狼", "匹", Animal) { IrregularPlural = "wolves" },
        new("turtle", "tortue", Feminine, "亀", "匹", Animal),
        new("snake", "serpent", Masculine, "蛇", "匹", Animal),
        new("owl", "hibou", Masculine, "ふくろう", "羽", Animal) { IrregularFrenchPlural = "hiboux" },
        new("eagle", "aigle", Masculine, "鷲", "羽", Animal),
        new("goat", "chèvre", Feminine, "やぎ", "頭", Animal),
        new("hamster", "hamster", Masculine, "ハムスター", "匹", Animal),
        new("hedgehog", "hérisson", Masculine, "はりねずみ", "匹", Animal),
        new("squirrel", "écureuil", Masculine, "りす", "匹", Animal),
        new("spider", "araignée", Feminine, "くも", "匹", Animal),
        new("kitten", "chaton", Masculine, "子猫", "匹", Animal),
        new("puppy", "chiot", Masculine, "子犬", "匹", Animal),
        new("swan", "cygne", Masculine, "白鳥", "羽", Animal),
        new("giraffe", "girafe", Feminine, "きりん", "頭", Animal),
        new("parrot", "perroquet", Masculine, "おうむ", "羽", Animal),
    ];

    public static readonly Noun[] People =
    [
        new("boy", "garçon", Masculine, "男の子", "人", Person),
        new("girl", "fille", Feminine, "女の子", "人", Person | Female),
        new("man", "homme", Masculine, "男の人", "人", Person) { IrregularPlural = "men" },
        new("woman", "femme", Feminine, "女の人", "人", Person | Female) { IrregularPlural = "women" },
        new("child", "enfant", Masculine, "子供", "人", Person | Companion) { IrregularPlural = "children" },
        new("baby", "bébé", Masculine, "赤ちゃん", "人", Person | Companion),
        new("friend", "ami", Masculine, "友達", "人", Person | Companion),
        new("neighbor", "voisin", Masculine, "近所の人", "人", Person | Companion),
        new("king", "roi", Masculine, "王様", "人", Person),
        new("queen", "reine", Feminine, "女王様", "人", Person | Female),
        new("prince", "prince", Masculine, "王子様", "人", Person),
        new("princess", "princesse", Feminine, "お姫様", "人", Person | Female),
        new("tourist", "touriste", Masculine, "観光客", "人", Person),
    ];

    public static readonly Noun[] Professions =
    [
        new("singer", "chanteur", Masculine, "歌手", "人", Profession) { FrenchWoman = "chanteuse" },
        new("dancer", "danseur", Masculine, "ダンサー", "人", Profession) { FrenchWoman = "danseuse" },
        new("student", "étudiant", Masculine, "学生", "人", Profession) { FrenchWoman = "étudiante" },
        new("teacher", "professeur", Masculine, "先生", "人", Profession) { FrenchWoman = "professeure" },
        new("baker", "boulanger", Masculine, "パン職人", "人", Profession) { FrenchWoman = "boulangère" },
        new("nurse", "infirmier", Masculine, "看護師", "人", Profession) { FrenchWoman = "infirmière" },
        new("chef", "cuisinier", Masculine, "料理人", "人", Profession) { FrenchWoman = "cuisinière" },
        new("lawyer", "avocat", Masculine, "弁護士", "人", Profession) { FrenchWoman = "avocate" },
        new("writer", "écrivain", Masculine, "作家", "人", Profession) { FrenchWoman = "écrivaine" },
        new("dentist", "dentiste", Masculine, "歯医者", "人", Profession) { FrenchWoman = "dentiste" },
        new("pianist", "pianiste", Masculine, "ピアニスト", "人", Profession) { FrenchWoman = "pianiste" },
        new("painter", "peintre", Masculine, "画家", "人", Profession) { FrenchWoman = "peintre" },
        new("journalist", "journaliste", Masculine, "記者", "人", Profession) { FrenchWoman = "journaliste" },
        new("musician", "musicien", Masculine, "音楽家", "人", Profession) { FrenchWoman = "musicienne" },
        new("pharmacist", "pharmacien", Masculine, "薬剤師", "人", Profession) { FrenchWoman = "pharmacienne" },
        new("engineer", "ingénieur", Masculine, "エンジニア", "人", Profession) { FrenchWoman = "ingénieure" },
        new("gardener", "jardinier", Masculine, "庭師", "人", Profession) { FrenchWoman = "jardinière" },
        new("athlete", "athlète", Masculine, "スポーツ選手", "人", Profession) { FrenchWoman = "athlète" },
    ];

    public static readonly Noun[] Relatives =
    [
        new("father", "père", Masculine, "お父さん", "", Family) { JapaneseOwn = "父" },
        new("mother", "mère", Feminine, "お母さん", "", Family | Female) { JapaneseOwn = "母" },
        new("son", "fils", Masculine, "息子さん", "", Family) { JapaneseOwn = "息子" },
        new("daughter", "fille", Feminine, "娘さん", "", Family | Female) { JapaneseOwn = "娘" },
        new("grandfather", "grand-père", Masculine, "おじいさん", "", Family) { JapaneseOwn = "祖父" },
        new("grandmother", "grand-mère", Feminine, "おばあさん", "", Family | Female) { JapaneseOwn = "祖母" },
        new("uncle", "oncle", Masculine, "おじさん", "", Family) { JapaneseOwn = "おじ" },
        new("aunt", "tante", Feminine, "おばさん", "", Family | Female) { JapaneseOwn = "おば" },
    ];

    public static readonly Noun[] Foods =
    [
        new("apple", "pomme", Feminine, "りんご", "個", Food),
        new("orange", "orange", Feminine, "オレンジ", "個", Food),
        new("banana", "banane", Feminine, "バナナ", "本", Food),
        new("strawberry", "fraise", Feminine, "いちご", "個", Food),
        new("cherry", "cerise", Feminine, "さくらんぼ", "個", Food),
        new("tomato", "tomate", Feminine, "トマト", "個", Food) { IrregularPlural = "tomatoes" },
        new("carrot", "carotte", Feminine, "にんじん", "本", Food),
        new("onion", "oignon", Masculine, "玉ねぎ", "個", Food),
        new("egg", "œuf", Masculine, "卵", "個", Food),
        new("cake", "gâteau", Masculine, "ケーキ", "個", Food),
        new("cookie", "biscuit", Masculine, "クッキー", "枚", Food),
        new("sandwich", "sandwich", Masculine, "サンドイッチ", "個", Food),
        new("pear", "poire", Feminine, "梨", "個", Food),
        new("peach", "pêche", Feminine, "桃", "個", Food),
        new("lemon", "citron", Masculine, "レモン", "個", Food),
        new("mushroom", "champignon", Masculine, "きのこ", "本", Food),
    ];

    public static readonly Noun[] Masses =
    [
        new("bread", "pain", Masculine, "パン", "", MassFood),
        new("cheese", "fromage", Masculine, "チーズ", "", MassFood),
        new("rice", "riz", Masculine, "ご飯", "", MassFood),
        new("meat", "viande", Feminine, "肉", "", MassFood),
        new("salad", "salade", Feminine, "サラダ", "", MassFood),
        new("chocolate", "chocolat", Masculine, "チョコレート", "", MassFood),
        new("honey", "miel", Masculine, "蜂蜜", "", MassFood),
        new("butter", "beurre", Masculine, "バター", "", MassFood),
        new("ham", "jambon", Masculine, "ハム", "", MassFood),
        new("water", "eau", Feminine, "水", "", Drink),
        new("milk", "lait", Masculine, "牛乳", "", Drink),
        new("coffee", "café", Masculine, "コーヒー", "", Drink),
        new("tea", "thé", Masculine, "お茶", "", Drink),
        new("juice", "jus", Masculine, "ジュース", "", Drink),
        new("beer", "bière", Feminine, "ビール", "", Drink),
        new("wine", "vin", Masculine, "ワイン", "", Drink),
    ];

    public static readonly Noun[] Pleasures =
    [
        new("nap", "sieste", Feminine, "昼寝", "", Pleasure),
        new("walk", "promenade", Feminine, "散歩", "", Pleasure),
        new("party", "fête", Feminine, "パーティー", "", Pleasure),
        new("trip", "voyage", Masculine, "旅行", "", Pleasure),
        new("music", "musique", Feminine, "音楽", "", MassPleasure | Audible),
        new("art", "art", Masculine, "芸術", "", MassPleasure),
        new("snow", "neige", Feminine, "雪", "", MassPleasure),
        new("rain", "pluie", Feminine, "雨", "", MassPleasure),
        new("summer", "été", Masculine, "夏", "", MassPleasure),
        new("winter", "hiver", Masculine, "冬", "", MassPleasure),
        new("spring", "printemps", Masculine, "春", "", MassPleasure),
    ];

    public static readonly Noun[] Places =
    [
        new("garden", "jardin", Masculine, "庭", "", Place),
        new("house", "maison", Feminine, "家", "", Place),
        new("school", "école", Feminine, "学校", "", Place),
        new("station", "gare", Feminine, "駅", "", Place),
        new("park", "parc", Masculine, "公園", "", Place),
        new("market", "marché", Masculine, "市場", "", Place),
        new("hospital", "hôpital", Masculine, "病院", "", Place),
        new("hotel", "hôtel", Masculine, "ホテル", "", Place),
        new("restaurant", "restaurant", Masculine, "レストラン", "", Place),
        new("library", "bibliothèque", Feminine, "図書館", "", Place),
        new("museum", "musée", Masculine, "博物館", "", Place),
        new("office", "bureau", Masculine, "事務所", "", Place),
        new("shop", "magasin", Masculine, "店", "", Place),
        new("bank", "banque", Feminine, "銀行", "", Place),
        new("forest", "forêt", Feminine, "森", "", Place),
        new("village", "village", Masculine, "村", "", Place),
        new("town", "ville", Feminine, "町", "", Place),
        new("kitchen", "cuisine", Feminine, "台所", "", Place),
        new("bedroom", "chambre", Feminine, "寝室", "", Place),
        new("church", "église", Feminine, "教会", "", Place),
        new("theater", "théâtre", Masculine, "劇場", "", Place),
        new("castle", "château", Masculine, "お城", "", Place),
        new("airport", "aéroport", Masculine, "空港", "", Place),
        new("university", "université", Feminine, "大学", "", Place),
        new("pharmacy", "pharmacie", Feminine, "薬局", "", Place),
        new("bakery", "boulangerie", Feminine, "パン屋", "", Place),
        new("zoo", "zoo", Masculine, "動物園", "", Place),
        new("factory", "usine", Feminine, "工場", "", Place),
    ];
}
