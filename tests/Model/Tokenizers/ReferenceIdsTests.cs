using System.Text;
using System.Text.Json;
using MiniGpt.Model.Tokenizers;
using Xunit;

namespace MiniGpt.Tests.Model.Tokenizers;

/// <summary>Small tokenizer.json files of every kind with the ids that Hugging Face's own library gives: fixtures/tokenizers/make.mjs.</summary>
public sealed class ReferenceIdsTests : IDisposable
{
    private static readonly JsonElement s_cases = JsonDocument.Parse(File.ReadAllBytes(Fixtures.File("tokenizers", "reference.json"))).RootElement;

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Cases => new(s_cases.EnumerateArray().Select(test => test.GetProperty("name").GetString()!));

    [Theory]
    [MemberData(nameof(Cases))]
    public void Ids_are_those_of_the_reference(string name) => AssertIds(Read(name), name);

    [Theory]
    [MemberData(nameof(Cases))]
    public void What_is_written_is_read_back(string name)
    {
        ITokenizer tokenizer = Read(name);
        TokenizerFolder.Write(_folder.File("again"), tokenizer);
        ITokenizer again = TokenizerFolder.Read(_folder.File("again"));
        Assert.Equal(tokenizer.Hash, again.Hash);
        Assert.Equal(tokenizer.Ends.Before, again.Ends.Before);
        Assert.Equal(tokenizer.Ends.Behind, again.Ends.Behind);
        AssertIds(again, name);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_text_in_blocks_has_the_ids_of_the_whole(string name)
    {
        ITokenizer tokenizer = Read(name);
        byte[] bytes = Encoding.UTF8.GetBytes(string.Concat(Texts(name).Select(text => text.Text)));
        TextInBlocks.AssertSameIds(tokenizer, bytes, [1, 7, 20, 64]);
    }

    [Theory]
    [InlineData("Llama", new[] { 1 }, new int[0])]
    [InlineData("BERT uncased", new[] { 2 }, new[] { 3 })]
    [InlineData("Qwen 2", new int[0], new int[0])]
    public void The_ids_round_a_text_are_read_and_not_written(string name, int[] before, int[] behind)
    {
        ITokenizer tokenizer = Read(name);
        Assert.Equal(before, tokenizer.Ends.Before);
        Assert.Equal(behind, tokenizer.Ends.Behind);
        int[] ids = tokenizer.Encode("the");
        Assert.NotEmpty(ids);
        Assert.Empty(ids.Intersect([.. before, .. behind]));
    }

    [Theory]
    [InlineData("Llama 3", "the  lower\n 猫 𠮷 5555 <|endoftext|> x")]
    [InlineData("Llama", "  the low  猫\n")]
    [InlineData("Llama without a space before", "the low  ")]
    [InlineData("unigram", " the low \u0000 猫  ")]
    public void A_text_comes_back(string name, string text) => Assert.Equal(text, Read(name).Decode(Read(name).Encode(text)));

    [Fact]
    public void Every_space_begins_a_word_where_the_pre_tokenizer_splits()
    {
        ITokenizer whole = Read("Metaspace first"), split = Read("Metaspace always, split");
        Assert.Equal(["▁the", "▁▁", "▁new"], Pieces(whole, "the   new"));
        Assert.Equal(["▁the", "▁", "▁", "▁new"], Pieces(split, "the   new"));

        static IEnumerable<string> Pieces(ITokenizer tokenizer, string text) =>
            tokenizer.Encode(text).Select(id => Assert.IsAssignableFrom<PieceTokenizer>(tokenizer).FileText(id));
    }

    // What an "a" and a "b" apart are is nothing that the vocabulary can say, though they are a piece together.
    [Theory]
    [InlineData("xba", new[] { 0 })]
    [InlineData("xbaab", new[] { 0, 1 })]
    [InlineData("abxbab", new[] { 1, 0, 1 })]
    [InlineData("aabb", new[] { 0, 1, 0 })]
    public void Unknown_characters_side_by_side_are_one_unknown_token(string text, int[] expected)
    {
        SentencePieceTokenizer tokenizer = SentencePieceTokenizer.FromScores(
            ["<unk>"u8.ToArray(), "ab"u8.ToArray()], [PieceKind.Unknown, PieceKind.Normal], scores: [0, 0], specialIds: [], new SpaceRule(), ends: null);
        Assert.Equal(expected, tokenizer.Encode(text));
    }

    [Fact]
    public void A_stream_of_ids_leaves_out_the_first_space_where_a_text_begins()
    {
        ITokenizer tokenizer = Read("Llama");
        int[] ids = tokenizer.Encode("the low");
        StreamingDecoder begins = new(tokenizer, isTextStart: true), goesOn = new(tokenizer);
        Assert.Equal("the low", string.Concat(ids.Select(id => begins.Append(id).ToString())));
        Assert.Equal(" the low", string.Concat(ids.Select(id => goesOn.Append(id).ToString())));
    }

    public void Dispose() => _folder.Dispose();

    internal static IEnumerable<(string Text, int[] Ids)> Texts(string name) => Case(name).GetProperty("texts").EnumerateArray()
        .Select(test => (test[0].GetString()!, test[1].EnumerateArray().Select(id => id.GetInt32()).ToArray()));

    internal static string Json(string name) => Case(name).GetProperty("tokenizer").GetRawText();

    internal static void AssertIds(ITokenizer tokenizer, string name)
    {
        foreach ((string text, int[] ids) in Texts(name))
        {
            int[] found = tokenizer.Encode(text);
            Assert.True(ids.AsSpan().SequenceEqual(found), $"\"{text}\": {string.Join(' ', found)}, {string.Join(' ', ids)} expected");
        }
    }

    private static JsonElement Case(string name) => s_cases.EnumerateArray().Single(test => test.GetProperty("name").GetString() == name);

    private ITokenizer Read(string name) => TokenizerJson.Read(_folder.Write("tokenizer.json", Json(name)));
}
