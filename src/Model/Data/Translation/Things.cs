using static MiniGpt.Model.Data.Translation.NounKind;

namespace MiniGpt.Model.Data.Translation;

/// <summary>The nouns for things, with what they are good for.</summary>
internal static class Things
{
    private const bool Masculine = false;
    private const bool Feminine = true;

    public static readonly Noun[] All =
    [
        new("book", "livre", Masculine, "本", "冊", Thing | Readable | Writable),
        new("letter", "lettre", Feminine, "手紙", "通", Thing | Readable | Writable),
        new("story", "histoire", Feminine, "物語", "", Pleasure | Readable | Writable | Audible),
        new("newspaper", "journal", Masculine, "新聞", "部", Thing | Readable),
        new("magazine", "magazine", Masculine, "雑誌", "冊", Thing | Readable),
        new("dictionary", "dictionnaire", Masculine, "辞書", "冊", Thing | Readable),
        new("notebook", "cahier", Masculine, "ノート", "冊", Thing),
        new("song", "chanson", Feminine, "歌", "曲", Pleasure | Writable | Audible),
        new("painting", "tableau", Masculine, "絵", "枚", Thing),
        new("map", "carte", Feminine, "地図", "枚", Thing),
        new("pen", "stylo", Masculine, "ペン", "本", Thing),
        new("pencil", "crayon", Masculine, "鉛筆", "本", Thing),
        new("key", "clé", Feminine, "鍵", "本", Thing),
        new("flower", "fleur", Feminine, "花", "本", Thing),
        new("tree", "arbre", Masculine, "木", "本", Thing | Landmark),
        new("table", "table", Feminine, "テーブル", "台", Thing | Landmark | Washable),
        new("chair", "chaise", Feminine, "椅子", "脚", Thing | Landmark),
        new("bed", "lit", Masculine, "ベッド", "台", Thing | Landmark),
        new("piano", "piano", Masculine, "ピアノ", "台", Thing | Landmark | Instrument),
        new("violin", "violon", Masculine, "バイオリン", "本", Thing | Instrument),
        new("guitar", "guitare", Feminine, "ギター", "本", Thing | Instrument),
        new("organ", "orgue", Masculine, "オルガン", "台", Thing | Instrument),
        new("car", "voiture", Feminine, "車", "台", Thing | Landmark | Vehicle | Machine | Washable),
        new("bus", "bus", Masculine, "バス", "台", Thing | Vehicle | Machine),
        new("train", "train", Masculine, "電車", "台", Thing | Vehicle | Machine),
        new("airplane", "avion", Masculine, "飛行機", "機", Thing | Vehicle | Machine),
        new("boat", "bateau", Masculine, "船", "隻", Thing | Vehicle | Washable),
        new("bicycle", "vélo", Masculine, "自転車", "台", Thing | Machine | Washable),
        new("computer", "ordinateur", Masculine, "パソコン", "台", Thing | Machine),
        new("telephone", "téléphone", Masculine, "電話", "台", Thing | Machine),
        new("clock", "horloge", Feminine, "時計", "個", Thing | Machine),
        new("lamp", "lampe", Feminine, "ランプ", "個", Thing | Machine),
        new("box", "boîte", Feminine, "箱", "個", Thing | Landmark | Container | Openable),
        new("bag", "sac", Masculine, "かばん", "個", Thing | Container | Openable | Washable),
        new("basket", "panier", Masculine, "かご", "個", Thing | Container | Washable),
        new("suitcase", "valise", Feminine, "スーツケース", "個", Thing | Container | Openable),
        new("door", "porte", Feminine, "ドア", "枚", Thing | Openable | Washable),
        new("window", "fenêtre", Feminine, "窓", "枚", Thing | Openable | Washable),
        new("umbrella", "parapluie", Masculine, "傘", "本", Thing),
        new("hat", "chapeau", Masculine, "帽子", "個", Thing | Wearable),
        new("coat", "manteau", Masculine, "コート", "着", Thing | Wearable | Washable),
        new("dress", "robe", Feminine, "ドレス", "着", Thing | Wearable | Washable),
        new("shirt", "chemise", Feminine, "シャツ", "枚", Thing | Wearable | Washable),
        new("scarf", "écharpe", Feminine, "マフラー", "枚", Thing | Wearable | Washable) { IrregularPlural = "scarves" },
        new("ring", "bague", Feminine, "指輪", "個", Thing),
        new("ball", "balle", Feminine, "ボール", "個", Thing | Washable),
        new("doll", "poupée", Feminine, "人形", "体", Thing | Washable),
        new("toy", "jouet", Masculine, "おもちゃ", "個", Thing | Washable),
        new("gift", "cadeau", Masculine, "プレゼント", "個", Thing),
        new("mirror", "miroir", Masculine, "鏡", "枚", Thing | Washable),
        new("cup", "tasse", Feminine, "カップ", "個", Thing | Washable),
        new("bottle", "bouteille", Feminine, "瓶", "本", Thing | Washable),
        new("plate", "assiette", Feminine, "皿", "枚", Thing | Washable),
        new("knife", "couteau", Masculine, "ナイフ", "本", Thing | Washable) { IrregularPlural = "knives" },
        new("fork", "fourchette", Feminine, "フォーク", "本", Thing | Washable),
        new("spoon", "cuillère", Feminine, "スプーン", "本", Thing | Washable),
        new("blanket", "couverture", Feminine, "毛布", "枚", Thing | Washable),
        new("towel", "serviette", Feminine, "タオル", "枚", Thing | Washable),
        new("stone", "pierre", Feminine, "石", "個", Thing),
    ];
}
