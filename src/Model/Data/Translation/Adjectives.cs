using static MiniGpt.Model.Data.Translation.JapaneseAdjective;
using static MiniGpt.Model.Data.Translation.NounKind;

namespace MiniGpt.Model.Data.Translation;

/// <summary>The adjectives.</summary>
internal static class Adjectives
{
    private const NounKind Solid = Thing | Animal;

    public static readonly Adjective[] All =
    [
        new("big", "bigger", "grand", "grande", "大きい", I, Thing | Animal | Place | Food) { StandsBefore = true },
        new("small", "smaller", "petit", "petite", "小さい", I, Thing | Animal | Place | Food) { StandsBefore = true },
        new("good", null, "bon", "bonne", "いい", I, Animal | Profession | Food | MassFood | Drink | Readable) { StandsBefore = true },
        new("bad", null, "mauvais", "mauvaise", "悪い", I, Animal | Profession) { StandsBefore = true },
        new("beautiful", "more beautiful", "beau", "belle", "美しい", I, Animal | Thing | Place | Person | Audible)
        {
            StandsBefore = true,
            FrenchBeforeVowel = "bel",
        },
        new("new", "newer", "nouveau", "nouvelle", "新しい", I, Thing | Place) { StandsBefore = true, FrenchBeforeVowel = "nouvel" },
        new("old", "older", "vieux", "vieille", "古い", I, Thing | Place) { StandsBefore = true, FrenchBeforeVowel = "vieil" },
        new("young", "younger", "jeune", "jeune", "若い", I, Animal | Profession | Person) { StandsBefore = true },
        new("pretty", "prettier", "joli", "jolie", "きれい", Na, Thing | Animal | Place) { StandsBefore = true },
        new("cute", "cuter", "mignon", "mignonne", "かわいい", I, Animal),
        new("long", "longer", "long", "longue", "長い", I, Readable | Wearable) { StandsBefore = true },
        new("black", null, "noir", "noire", "黒い", I, Solid),
        new("white", null, "blanc", "blanche", "白い", I, Solid),
        new("red", null, "rouge", "rouge", "赤い", I, Thing),
        new("blue", null, "bleu", "bleue", "青い", I, Thing),
        new("yellow", null, "jaune", "jaune", "黄色い", I, Thing),
        new("green", null, "vert", "verte", "緑", No, Thing),
        new("gray", null, "gris", "grise", "灰色", No, Solid),
        new("brown", null, "marron", "marron", "茶色い", I, Solid) { Invariable = true },
        new("heavy", "heavier", "lourd", "lourde", "重い", I, Solid),
        new("light", "lighter", "léger", "légère", "軽い", I, Thing),
        new("strong", "stronger", "fort", "forte", "強い", I, Animal | Human),
        new("intelligent", "more intelligent", "intelligent", "intelligente", "賢い", I, Animal | Human),
        new("kind", "kinder", "gentil", "gentille", "優しい", I, Animal | Human),
        new("quiet", "quieter", "calme", "calme", "静か", Na, Animal | Human | Place),
        new("famous", "more famous", "célèbre", "célèbre", "有名", Na, Animal | Human | Place | Readable),
        new("rich", "richer", "riche", "riche", "お金持ち", No, Human),
        new("funny", "funnier", "drôle", "drôle", "面白い", I, Animal | Human),
        new("interesting", "more interesting", "intéressant", "intéressante", "興味深い", I, Readable | Place),
        new("happy", "happier", "heureux", "heureuse", "幸せ", Na, Animal | Human),
        new("tired", null, "fatigué", "fatiguée", "疲れて", State, Animal | Human),
        new("angry", null, "fâché", "fâchée", "怒って", State, Animal | Human),
        new("sick", null, "malade", "malade", "病気", No, Animal | Human),
        new("busy", "busier", "occupé", "occupée", "忙しい", I, Human),
        new("shy", "shyer", "timide", "timide", "内気", Na, Animal | Human),
        new("brave", "braver", "courageux", "courageuse", "勇敢", Na, Animal | Human),
        new("lazy", "lazier", "paresseux", "paresseuse", "怠け者", No, Animal | Human),
        new("polite", "more polite", "poli", "polie", "礼儀正しい", I, Human),
        new("serious", "more serious", "sérieux", "sérieuse", "真面目", Na, Human),
        new("elegant", "more elegant", "élégant", "élégante", "上品", Na, Human | Wearable),
        new("dangerous", "more dangerous", "dangereux", "dangereuse", "危険", Na, Animal | Place | Vehicle),
        new("fast", "faster", "rapide", "rapide", "速い", I, Animal | Vehicle),
        new("slow", "slower", "lent", "lente", "遅い", I, Animal | Vehicle),
        new("wild", null, "sauvage", "sauvage", "野生", No, Animal),
        new("clean", "cleaner", "propre", "propre", "清潔", Na, Washable | Place),
        new("dirty", "dirtier", "sale", "sale", "汚い", I, Washable | Place),
        new("modern", "more modern", "moderne", "moderne", "近代的", Na, Place | Machine),
        new("expensive", "more expensive", "cher", "chère", "高い", I, Thing | Food | MassFood | Drink),
        new("useful", "more useful", "utile", "utile", "便利", Na, Machine | Container),
        new("round", null, "rond", "ronde", "丸い", I, Landmark | Container),
        new("broken", null, "cassé", "cassée", "壊れて", State, Machine | Instrument),
        new("empty", null, "vide", "vide", "空っぽ", No, Container),
        new("dark", "darker", "sombre", "sombre", "暗い", I, Place),
        new("sweet", "sweeter", "sucré", "sucrée", "甘い", I, Food),
        new("fresh", "fresher", "frais", "fraîche", "新鮮", Na, Food | MassFood),
        new("delicious", "more delicious", "délicieux", "délicieuse", "おいしい", I, Food | MassFood | Drink),
        new("hot", "hotter", "chaud", "chaude", "温かい", I, Drink),
        new("cold", "colder", "froid", "froide", "冷たい", I, Drink),
    ];
}
