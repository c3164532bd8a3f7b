using System.Text.Json.Nodes;
using MiniGpt.Model.Files;
using MiniGpt.Model.Tokenizers;
using Xunit;

namespace MiniGpt.Tests.Model.Tokenizers;

public sealed class TokenizerFolderTests : IDisposable
{
    private const string Text = "it's a text, 猫🐈\n\0 <|endoftext|> \"quoted\" \\ the end";

    private readonly TemporaryFolder _folder = new();
    private readonly BytePairTokenizer _trained = Train();

    [Fact]
    public void What_is_written_is_read_back_from_either_form()
    {
        TokenizerFolder.Write(_folder.Root, _trained);
        AssertSame(_trained, TokenizerFolder.Read(_folder.Root));
        File.Delete(_folder.File("tokenizer.json"));
        AssertSame(_trained, TokenizerFolder.Read(_folder.Root));
        File.Move(_folder.File("vocab.json"), _folder.File("encoder.json"));
        File.Move(_folder.File("merges.txt"), _folder.File("vocab.bpe"));
        AssertSame(_trained, TokenizerFolder.Read(_folder.Root));
    }

    [Fact]
    public void GPT2s_own_files_are_GPT2s_tokenizer()
    {
        AssertSame(Gpt2Tokenizer.Instance, TokenizerFolder.Read(Fixtures.File("tokenizer", "gpt2")));
        TokenizerFolder.Write(_folder.Root, Gpt2Tokenizer.Instance);
        AssertSame(Gpt2Tokenizer.Instance, TokenizerFolder.Read(_folder.Root));
    }

    [Fact]
    public void Word_tokenizers_are_read_back()
    {
        WordTokenizer words = WordTokenizer.FromText(Text);
        TokenizerFolder.Write(_folder.Root, words);
        AssertSame(words, TokenizerFolder.Read(_folder.Root));
        Assert.False(File.Exists(_folder.File("vocab.json")), "there is a vocab.json of words");
    }

    [Theory]
    [InlineData("\"byte_fallback\": false", "\"byte_fallback\": true", "byte_fallback true found")]
    [InlineData("\"continuing_subword_prefix\": null", "\"continuing_subword_prefix\": \"##\"", "continuing_subword_prefix")]
    [InlineData("\"lstrip\": false", "\"lstrip\": true", "lstrip")]
    [InlineData("\"normalizer\": null", "\"normalizer\": {\"type\": \"NFKC\"}", "normalizer")]
    [InlineData("\"dropout\": null", "\"dropout\": 0.1", "dropout 0.1 found")]
    [InlineData("\"id\": 0", "\"id\": 7", "the added token \"<|endoftext|>\" has the id 7")]
    [InlineData("\"Ġ t\"", "\"Ġ tt\"", "names \"tt\", which is not in the vocabulary")]
    [InlineData("\"Ġ t\"", "\"Ġ  t\"", "merge 0 is")]
    [InlineData("\"Ġ t\"", "[\"Ġ\"]", "merge 0 is")]
    [InlineData("\"Ġ t\"", "3", "merge 0 is 3")]
    [InlineData("\"Ġ t\"", "\"Ġ x\"", "gives \"Ġx\", which is not in the vocabulary")]
    [InlineData("\"A\": 33", "\"A\": 34", "have the same id 34")]
    [InlineData("\"A\": 33", "\"A\": 300", "has the id 300")]
    [InlineData("\"A\": 33,", "", "a whole number from 0 to ")] // a hole
    public void A_file_that_is_wrong_or_does_more_is_refused_by_what_it_does(string part, string other, string reason)
    {
        TokenizerFolder.Write(_folder.Root, _trained);
        string json = File.ReadAllText(_folder.File("tokenizer.json"));
        Assert.Contains(part, json, StringComparison.Ordinal);
        AssertRefused("tokenizer.json", json.Replace(part, other, StringComparison.Ordinal), reason);
    }

    [Theory]
    [InlineData("vocab.json", "\"A\": 33,", "", "a whole number from 0 to ")]
    [InlineData("vocab.json", "\"A\": 33", "\"猫\": 33", "has a character that stands for no byte")]
    [InlineData("merges.txt", "Ġ t\n", "Ġ t t\n", "line 2 is \"Ġ t t\", two tokens")]
    [InlineData("merges.txt", "Ġ t\n", "Ġt\n", "line 2 is")]
    [InlineData("merges.txt", "Ġ t\n", "Ġ t\nĠ t\n", "merge 1 repeats merge 0")]
    [InlineData("merges.txt", "Ġ t\n", "Ġ xyz\n", "names \"xyz\"")]
    public void A_pair_of_files_that_is_wrong_is_refused_with_its_place(string file, string part, string other, string reason)
    {
        TokenizerFolder.Write(_folder.Root, _trained);
        File.Delete(_folder.File("tokenizer.json"));
        string text = File.ReadAllText(_folder.File(file));
        Assert.Contains(part, text, StringComparison.Ordinal);
        AssertRefused(file, text.Replace(part, other, StringComparison.Ordinal), reason);
    }

    [Fact]
    public void Merges_may_be_written_as_pairs()
    {
        TokenizerFolder.Write(_folder.Root, _trained);
        JsonNode json = JsonNode.Parse(File.ReadAllText(_folder.File("tokenizer.json")))!;
        JsonArray merges = json["model"]!["merges"]!.AsArray();
        for (int i = 0; i < merges.Count; i++)
            merges[i] = new JsonArray([.. merges[i]!.GetValue<string>().Split(' ').Select(token => (JsonNode)token)]);
        File.WriteAllText(_folder.File("tokenizer.json"), json.ToJsonString());
        AssertSame(_trained, TokenizerFolder.Read(_folder.Root));
    }

    [Fact]
    public void An_added_token_may_stand_outside_of_the_vocabulary()
    {
        TokenizerFolder.Write(_folder.Root, BytePairTokenizer.FromAlphabet(["a", "b", "ab", "<s>"], [("a", "b")], new HashSet<int> { 3 }));
        string json = File.ReadAllText(_folder.File("tokenizer.json"));
        string without = json.Replace("\"ab\": 2,", "\"ab\": 2", StringComparison.Ordinal).Replace("\"<s>\": 3", "", StringComparison.Ordinal);
        Assert.NotEqual(json, without);
        ITokenizer tokenizer = TokenizerFolder.Read(Path.GetDirectoryName(_folder.Write("tokenizer.json", without))!);
        Assert.Equal([2, 3, 0], tokenizer.Encode("ab<s>a"));
    }

    [Theory]
    [InlineData("[")]
    [InlineData("{\"a\":")]
    public void JSON_that_is_nested_10000_deep_is_refused(string open)
    {
        AssertRefused("tokenizer.json", string.Concat(Enumerable.Repeat(open, 10_000)), "JSON");
        File.Delete(_folder.File("tokenizer.json"));
        _folder.Write("merges.txt", "#version: 0.2\n");
        AssertRefused("vocab.json", string.Concat(Enumerable.Repeat(open, 10_000)), "JSON");
    }

    [Fact]
    public void Words_in_the_byte_alphabet_that_no_merge_makes_are_ordinary_and_files_beside_name_special_ones()
    {
        _folder.Write("vocab.json", """{"l":0,"o":1,"w":2,"Ġ":3,"lo":4,"Ġlowest":5,"<unk>":6,"low":7,"@@":8}""");
        _folder.Write("merges.txt", "#version: 0.2\nl o\n");
        _folder.Write("special_tokens_map.json", """{"pad_token":{"content":"@@"},"additional_special_tokens":["<x>"]}""");
        _folder.Write("added_tokens.json", """{"<x>":9}""");
        BytePairTokenizer tokenizer = Assert.IsType<BytePairTokenizer>(TokenizerFolder.Read(_folder.Root));
        Assert.Equal([6, 8, 9], tokenizer.SpecialIds);
        Assert.Equal(" lowest", tokenizer.Decode([5]));
        Assert.Equal([4, 2, 8, 9, 3, 4, 2], tokenizer.Encode("low@@<x> low"));
    }

    [Fact]
    public void A_file_of_pieces_is_BERTs_vocabulary()
    {
        _folder.Write("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\nlow\n##er\n");
        ITokenizer tokenizer = TokenizerFolder.Read(_folder.Root);
        Assert.Equal([4, 5, 1, 3], tokenizer.Encode("Lower x[SEP]"));
        Assert.Equal([2], tokenizer.Ends.Before);
    }

    [Fact]
    public void A_folder_without_a_tokenizer_says_what_is_expected()
    {
        Assert.Null(TokenizerFolder.Find(_folder.Root));
        Assert.Contains("no tokenizer found", Assert.Throws<FileFormatException>(() => TokenizerFolder.Read(_folder.Root)).Message, StringComparison.Ordinal);
        Assert.Contains("no such folder", Assert.Throws<FileFormatException>(() => TokenizerFolder.Read(_folder.File("x"))).Message, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private static BytePairTokenizer Train()
    {
        BytePairTrainer trainer = new(Tokenizer.EndOfText);
        trainer.Add("the text of the tests, the text of the tests"u8);
        return trainer.Train(270);
    }

    private static void AssertSame(ITokenizer expected, ITokenizer found)
    {
        Assert.Equal(expected.Hash, found.Hash);
        Assert.Equal((expected.Kind, expected.VocabularySize, expected.EndOfTextId), (found.Kind, found.VocabularySize, found.EndOfTextId));
        Assert.Equal(expected.Encode(Text), found.Encode(Text));
    }

    private void AssertRefused(string file, string text, string reason)
    {
        _folder.Write(file, text);
        string message = Assert.Throws<FileFormatException>(() => TokenizerFolder.Read(_folder.Root)).Message;
        Assert.Contains(reason, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }
}
