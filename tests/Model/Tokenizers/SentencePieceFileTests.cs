using System.Text.Json.Nodes;
using MiniGpt.Model.Files;
using MiniGpt.Model.Tokenizers;
using MiniGpt.Tests.Fuzz;
using Xunit;

namespace MiniGpt.Tests.Model.Tokenizers;

/// <summary>Marian's tokenizers: SentencePiece's files, written here by hand, and vocab.json.</summary>
public sealed class SentencePieceFileTests : IDisposable
{
    private static readonly (string Piece, float Score, int Kind)[] s_pieces =
    [
        ("<unk>", 0, 2), ("<s>", 0, 3), ("</s>", 0, 3), ("\u2581", -3.5f, 1), ("\u2581dog", -4, 1), ("\u2581do", -5, 1), ("g", -4.25f, 1), ("s", -3, 1), ("d", -6, 1),
        ("o", -5.5f, 1), ("\u2581a", -3.75f, 1), ("a", -4.5f, 1), ("\u2581犬", -5.25f, 1), ("犬", -7, 1), ("が", -4, 1), ("fi", -6.5f, 1), ("ago", -8, 4), ("\u2581ad", -9, 1), ("\u2581dogs", -0.5f, 5),
    ];

    private static readonly string[] s_vocabulary = ["</s>", "<unk>", .. s_pieces[3..].Select(piece => piece.Piece).Where(piece => piece != "が"), ">>fra<<", "only", "<pad>"];

    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("a dog")]
    [InlineData("dogs")]
    [InlineData("a doga ad adog dodo gooda")]
    [InlineData("犬 犬が犬 dog犬")]
    [InlineData("a zz dog z")]
    [InlineData("")]
    public void A_file_cuts_as_the_same_pieces_of_a_tokenizer_json_do(string text)
    {
        JsonArray vocabulary = new([.. s_pieces.Select(piece => (JsonNode)new JsonArray(piece.Kind is 4 or 5 ? new string('\u2581', piece.Kind) : piece.Piece, (double)piece.Score))]); // these no text has
        string json = new JsonObject
        {
            ["added_tokens"] = new JsonArray([.. Enumerable.Range(1, 2).Select(id => (JsonNode)new JsonObject { ["id"] = id, ["content"] = s_pieces[id].Piece, ["special"] = true })]),
            ["normalizer"] = JsonNode.Parse("""{"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"▁"},{"type":"Replace","pattern":{"String":" "},"content":"▁"}]}"""),
            ["decoder"] = JsonNode.Parse("""{"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":0}]}"""),
            ["model"] = new JsonObject { ["type"] = "Unigram", ["unk_id"] = 0, ["vocab"] = vocabulary },
        }.ToJsonString();
        ITokenizer same = TokenizerJson.Read(_folder.Write("tokenizer.json", json));
        MarianTokenizer tokenizer = Marian(SentencePieceBytes.Model(s_pieces));
        string[] expected = [.. same.Encode(text).Select(id => s_pieces[id].Piece is "<unk>" or "が" ? "<unk>" : s_pieces[id].Piece)];
        int[] ids = tokenizer.Encode(text);
        Assert.Equal(expected, ids.Select(id => s_vocabulary[id]));
        if (!expected.Contains("<unk>"))
            Assert.Equal(text, tokenizer.Decode(ids));
    }

    [Theory]
    [InlineData("  a   dog \n", "a dog \n")] // a line feed is no space where no rule says so
    [InlineData("ａ\u00A0dog", "a dog")]
    [InlineData("a \uFB01", "a fi")]
    [InlineData("か\u3099", "が")] // two characters by one rule, the longest
    [InlineData("か", "x")] // and the first of them by another
    [InlineData("a\u0007 \u0007 dog", "a dog")] // what is replaced by nothing is gone, and the spaces round it are one
    [InlineData("   ", "")]
    public void Characters_are_replaced_by_the_rules_that_the_file_has_and_spaces_dropped(string text, string normal)
    {
        byte[] map = SentencePieceBytes.Map(new Dictionary<string, string>
        {
            ["ａ"] = "a",
            ["\u00A0"] = " ",
            ["\uFB01"] = "fi",
            ["か"] = "x",
            ["か\u3099"] = "が",
            ["\u0007"] = "",
            ["\u3000"] = " ",
        });
        MarianTokenizer withRules = Marian(SentencePieceBytes.Model(s_pieces, SentencePieceBytes.Normalizer(map)));
        Assert.Equal(Marian(SentencePieceBytes.Model(s_pieces)).Encode(normal), withRules.Encode(text));
    }

    [Fact]
    public void Without_a_space_before_a_text_and_with_all_of_its_spaces_it_is_cut_as_it_is()
    {
        MarianTokenizer tokenizer = Marian(SentencePieceBytes.Model(s_pieces, SentencePieceBytes.Normalizer(addsSpace: false, dropsSpaces: false)));
        Assert.Equal(["d", "o", "g", "\u2581", "\u2581a", "\u2581"], tokenizer.Encode("dog  a ").Select(id => s_vocabulary[id]));
        Assert.Equal("dog  a ", tokenizer.Decode(tokenizer.Encode("dog  a ")));
    }

    [Fact]
    public void Ids_are_those_of_the_vocabulary_and_its_marks_of_languages_are_found_as_a_whole()
    {
        MarianTokenizer tokenizer = Marian(SentencePieceBytes.Model(s_pieces));
        int Id(string token) => Array.IndexOf(s_vocabulary, token);
        Assert.Equal([Id(">>fra<<"), Id("\u2581a"), Id("\u2581dog")], tokenizer.Encode(">>fra<< a dog"));
        Assert.Equal([Id("\u2581"), Id("d"), Id("ago")], tokenizer.Encode("dago")); // one that was defined by hand comes first
        Assert.Equal([Id("\u2581犬"), Id("<unk>")], tokenizer.Encode("犬が")); // a piece that the vocabulary does not have
        Assert.Equal((Id("</s>"), s_vocabulary.Length, "unigram"), (tokenizer.EndOfTextId!.Value, tokenizer.VocabularySize, tokenizer.Kind));
        Assert.Equal("only", tokenizer.Decode([Id("only")])); // what only the other language has
        Assert.Contains("without <unk>", Assert.Throws<FileFormatException>(() => Marian(SentencePieceBytes.Model(s_pieces), ["</s>", "a"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_not_supported_or_broken_is_refused_in_one_line()
    {
        Refused("unigram model (1) expected", SentencePieceBytes.Model(s_pieces, type: 2));
        Refused("for what is unknown", SentencePieceBytes.Model(s_pieces[1..]));
        Refused("denormalizer", SentencePieceBytes.Model(s_pieces, denormalizer: SentencePieceBytes.Normalizer(SentencePieceBytes.Map(new Dictionary<string, string> { ["a"] = "b" }))));
        Refused("of the kind 7", SentencePieceBytes.Model([.. s_pieces, ("x", 0, 7)]));
        Refused("has no bytes", SentencePieceBytes.Model([.. s_pieces, ("", 0, 1)]));
        Refused("a number expected", SentencePieceBytes.Model([.. s_pieces, ("x", float.NaN, 1)]));
        Refused("no UTF-8", new SentencePieceBytes().Bytes(1, new SentencePieceBytes().Bytes(1, [0xFF, 0x80]).ToArray()).ToArray());
        Refused("bytes are to follow", [0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F]); // 2⁶³ bytes of a piece
        Refused("more than 10 bytes", [0x0A, .. Enumerable.Repeat((byte)0xFF, 12)]);
        Refused("a trie of", SentencePieceBytes.Model(s_pieces, SentencePieceBytes.Normalizer([0xF0, 0xFF, 0xFF, 0xFF, 1, 2, 3, 4])));
        Refused("do not end with a zero", SentencePieceBytes.Model(s_pieces, SentencePieceBytes.Normalizer([4, 0, 0, 0, 0, 0, 0, 0, 65])));
        Refused("bytes", SentencePieceBytes.Model(s_pieces)[..^3]);

        void Refused(string named, byte[] content)
        {
            string message = Assert.Throws<FileFormatException>(() => Marian(content)).Message;
            Assert.Contains(named, message, StringComparison.Ordinal);
            Assert.StartsWith(_folder.File("x.spm"), message, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', message);
        }
    }

    [Fact]
    public void Broken_files_are_read_or_refused_and_never_believed()
    {
        byte[] map = SentencePieceBytes.Map(new Dictionary<string, string>
        {
            ["ａ"] = "a",
            ["か"] = "x",
            ["か\u3099"] = "が",
        });
        Fuzzing.AssertSafe([SentencePieceBytes.Model(s_pieces), SentencePieceBytes.Model(s_pieces, SentencePieceBytes.Normalizer(map))],
            content => Marian(content).Encode("a doga ａか\u3099 か犬"));
    }

    public void Dispose() => _folder.Dispose();

    private MarianTokenizer Marian(byte[] content, string[]? vocabulary = null)
    {
        SentencePieceFile file = SentencePieceFile.Read(_folder.Write("x.spm", content));
        return JsonFile.Refusing("vocab.json", () => new MarianTokenizer(file, vocabulary ?? s_vocabulary));
    }
}
