using System.Text.Json.Nodes;
using MiniGpt.Model.Files;
using MiniGpt.Model.Tokenizers;
using Xunit;

namespace MiniGpt.Tests.Model.Tokenizers;

public sealed class TokenizerJsonTests : IDisposable
{
    private const string Text = "吾輩は猫である。\n\"quoted\" \\ <&> \u0000\u2028 🐈";

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void What_is_written_is_read_back()
    {
        CharacterTokenizer tokenizer = CharacterTokenizer.FromText(Text);
        TokenizerJson.Write(_folder.File("tokenizer.json"), tokenizer);
        ITokenizer again = TokenizerJson.Read(_folder.File("tokenizer.json"));
        Assert.Equal(tokenizer.VocabularySize, again.VocabularySize);
        Assert.Equal(tokenizer.Encode(Text), again.Encode(Text));
    }

    [Fact]
    public void The_file_says_what_the_tokenizers_library_needs_to_split_and_join_characters()
    {
        TokenizerJson.Write(_folder.File("tokenizer.json"), CharacterTokenizer.FromText("ba"));
        JsonNode expected = JsonNode.Parse(Template("""{"a":0,"b":1}"""))!;
        JsonNode written = JsonNode.Parse(File.ReadAllText(_folder.File("tokenizer.json")))!;
        Assert.True(JsonNode.DeepEquals(expected, written), written.ToJsonString());
    }

    [Fact]
    public void Ids_need_not_follow_the_code_points() =>
        Assert.Equal([1, 0], TokenizerJson.Read(_folder.Write("tokenizer.json", Template("""{"a":1,"b":0}"""))).Encode("ab"));

    [Theory]
    [InlineData("{}", "empty vocabulary")]
    [InlineData("[]", "vocab is [], an object expected")]
    [InlineData("""{"a":0,"b":2}""", "token \"b\" has the id 2, a whole number from 0 to 1 expected")]
    [InlineData("""{"a":0,"b":0}""", "same id 0")]
    [InlineData("""{"a":0,"a":1}""", "no valid JSON")]
    [InlineData("""{"a":-1}""", "has the id -1")]
    [InlineData("""{"a":0.5}""", "has the id 0.5")]
    [InlineData("""{"a":"0"}""", "has the id \"0\"")]
    [InlineData("""{"ab":0}""", "token \"ab\" found, one character expected")]
    [InlineData("""{"":0}""", "one character expected")]
    [InlineData("""{"\ud83d":0}""", "no valid JSON")]
    public void A_broken_vocabulary_is_refused(string vocabulary, string reason) => AssertRefused(Template(vocabulary), reason);

    [Theory]
    [InlineData("\"merges\":[]", "\"merges\":[\"a b\"]", "merges")]
    [InlineData("\"merges\":[]", "\"merges\":[[\"a\",\"b\"]]", "merges")]
    [InlineData("\"BPE\"", "\"WordPiece\"", "WordPiece")]
    [InlineData("\"Split\"", "\"ByteLevel\"", "ByteLevel")]
    [InlineData("\"Isolated\"", "\"Removed\"", "Removed")]
    [InlineData("\"Fuse\"", "\"ByteLevel\"", "ByteLevel")]
    [InlineData("\"normalizer\":null", "\"normalizer\":{\"type\":\"Lowercase\"}", "normalizer")]
    [InlineData("\"added_tokens\":[]", "\"added_tokens\":[{\"id\":2}]", "added_tokens")]
    public void A_tokenizer_that_does_more_is_refused_by_what_it_does(string part, string other, string reason) =>
        AssertRefused(Template("""{"a":0,"b":1}""").Replace(part, other, StringComparison.Ordinal), reason);

    public void Dispose() => _folder.Dispose();

    private static string Template(string vocabulary) =>
        """
        {"version":"1.0","truncation":null,"padding":null,"added_tokens":[],"normalizer":null,
         "pre_tokenizer":{"type":"Split","pattern":{"Regex":"[\\s\\S]"},"behavior":"Isolated","invert":false},
         "post_processor":null,"decoder":{"type":"Fuse"},
         "model":{"type":"BPE","dropout":null,"unk_token":null,"continuing_subword_prefix":null,"end_of_word_suffix":null,
          "fuse_unk":false,"byte_fallback":false,"ignore_merges":false,"vocab":VOCABULARY,"merges":[]}}
        """.Replace("VOCABULARY", vocabulary, StringComparison.Ordinal);

    private void AssertRefused(string text, string reason)
    {
        string path = _folder.Write("tokenizer.json", text);
        Assert.Contains(reason, Assert.Throws<FileFormatException>(() => TokenizerJson.Read(path)).Message, StringComparison.Ordinal);
    }
}
