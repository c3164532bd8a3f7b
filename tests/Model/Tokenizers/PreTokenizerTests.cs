using System.Text;
using System.Text.RegularExpressions;
using MiniGpt.Model.Files;
using MiniGpt.Model.Tokenizers;
using Xunit;

namespace MiniGpt.Tests.Model.Tokenizers;

public sealed class PreTokenizerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData(3)]
    [InlineData(1)]
    public void Llamas_and_Qwens_text_is_cut_as_by_the_regular_expression(int digits)
    {
        LlamaPreTokenizer split = digits == 3 ? LlamaPreTokenizer.Llama3 : LlamaPreTokenizer.Qwen2;
        Regex pattern = new(split.Pattern, RegexOptions.CultureInvariant);
        AssertCutsAs(split, text => pattern.Matches(text).Select(match => match.Value));
    }

    [Fact]
    public void SmolLMs_text_is_cut_as_by_both_steps_one_after_the_other()
    {
        Regex number = new(@"\p{N}|\P{N}+"), words = new(@"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+");
        AssertCutsAs(DigitPreTokenizer.SmolLm, text => number.Matches(text).SelectMany(part => words.Matches(part.Value)).Select(match => match.Value));
    }

    // A line end makes one piece of all the white space before it, however far in front a block ended.
    [Theory]
    [InlineData(3)]
    [InlineData(1)]
    public void A_run_of_white_space_is_cut_the_same_though_a_block_ends_in_it_and_a_line_ends_later(int digits)
    {
        string[] tokens =
        [
            "a", "b", "!", "1", "Ġ", "Ċ", "č", "ĉ", "ĠĠ", "ĠĠĠĠ", "ĠĊ", "ĠĠĊ", "ĠĠĠĠĊ", "ĊĠ", "ĊĊ", "ĠĠĠĠĠĠ", "Ġa", "Ġ!", "!Ċ", "ĉĊ", "čĊ",
        ];
        (string, string)[] merges =
        [
            ("Ġ", "Ġ"), ("ĠĠ", "ĠĠ"), ("ĠĠĠĠ", "Ċ"), ("ĠĠ", "Ċ"), ("Ġ", "Ċ"), ("Ċ", "Ġ"), ("Ċ", "Ċ"), ("ĠĠĠĠ", "ĠĠ"), ("Ġ", "a"), ("Ġ", "!"), ("!", "Ċ"),
            ("ĉ", "Ċ"), ("č", "Ċ"),
        ];
        BytePairTokenizer tokenizer = BytePairTokenizer.FromAlphabet(
            tokens, merges, new HashSet<int>(), new BytePairOptions { PreTokenizer = digits == 3 ? LlamaPreTokenizer.Llama3 : LlamaPreTokenizer.Qwen2 });
        Random random = new(24);
        string[] pieces = ["a", "b", "!", "1", " ", "  ", "      ", "\t", "\n", "\r\n", "\n\n"];
        for (int round = 0; round < 300; round++)
        {
            byte[] text = Encoding.UTF8.GetBytes(string.Concat(random.GetItems(pieces, random.Next(1, 30))));
            TextInBlocks.AssertSameIds(tokenizer, text, Enumerable.Range(1, text.Length));
        }
        TextInBlocks.AssertSameIds(tokenizer, [.. "a"u8, .. Enumerable.Repeat((byte)' ', 200), .. "\nb"u8], Enumerable.Range(1, 210));
    }

    [Fact]
    public void Letters_beyond_16_bits_are_letters_to_any_pattern()
    {
        PreTokenizer split = Read("""{"type":"Split","pattern":{"Regex":"\\p{L}+|\\p{N}"},"behavior":"Isolated","invert":false}""");
        Assert.Equal(["猫𠮷野", "🐈🐈 ", "𝟏", "𝟐", "!"], Cut(split, "猫𠮷野🐈🐈 𝟏𝟐!"));
    }

    [Theory]
    [InlineData("Isolated", false, "a|,|b|,|,|c")]
    [InlineData("Removed", false, "a|b|c")]
    [InlineData("Removed", true, ",|,|,")]
    [InlineData("MergedWithPrevious", false, "a,|b,|,|c")]
    [InlineData("MergedWithNext", false, "a|,b|,|,c")]
    [InlineData("Contiguous", false, "a|,|b|,,|c")]
    public void A_match_becomes_what_the_behavior_says(string behavior, bool invert, string expected)
    {
        string step = $$"""{"type":"Split","pattern":{"String":","},"behavior":"{{behavior}}","invert":{{(invert ? "true" : "false")}} }""";
        Assert.Equal(expected.Split('|'), Cut(Read(step), "a,b,,c"));
    }

    [Theory]
    [InlineData("""{"type":"Whitespace"}""", "Whitespace")]
    [InlineData("""{"type":"Split","pattern":{"Regex":"\\w+"},"behavior":"Isolated"}""", "\\w")]
    [InlineData("""{"type":"Split","pattern":{"Regex":"\\p{Han}+"},"behavior":"Isolated"}""", "Han")]
    [InlineData("""{"type":"Split","pattern":{"Regex":"["},"behavior":"Isolated"}""", "pattern [")]
    [InlineData("""{"type":"Split","pattern":{"Regex":"[a[bc]]"},"behavior":"Isolated"}""", "a class inside of a class")]
    [InlineData("""{"type":"Split","pattern":{"Regex":"x"},"behavior":"Thrown"}""", "Thrown")]
    [InlineData("""{"type":"Digits"},{"type":"ByteLevel","use_regex":false}""", "add_prefix_space")]
    public void A_step_that_cannot_be_done_exactly_is_refused_by_name(string step, string reason)
    {
        string message = Assert.Throws<FileFormatException>(() => Read(step)).Message;
        Assert.Contains(reason, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void A_pattern_without_end_is_given_up()
    {
        PreTokenizer split = Read("""{"type":"Split","pattern":{"Regex":"(a+)+\\$"},"behavior":"Isolated","invert":false}""");
        Assert.Contains("seconds", Assert.Throws<TextEncodingException>(() => Cut(split, new string('a', 40) + "b")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Isolated", "false")]
    [InlineData("Removed", "true")] // of a pattern that matches every character the same
    public void A_pattern_that_is_known_is_cut_by_hand(string behavior, string invert)
    {
        string pattern = System.Text.Json.JsonSerializer.Serialize(LlamaPreTokenizer.Llama3.Pattern);
        string step = $$"""{"type":"Split","pattern": {"Regex":{{pattern}} },"behavior":"{{behavior}}","invert":{{invert}} }""";
        Assert.Same(LlamaPreTokenizer.Llama3, Read(step));
    }

    public void Dispose() => _folder.Dispose();

    private PreTokenizer Read(string steps)
    {
        string json = """{"pre_tokenizer":{"type":"Sequence","pretokenizers":[STEPS,{"type":"ByteLevel","add_prefix_space":false,"use_regex":false}]}}"""
            .Replace("STEPS", steps, StringComparison.Ordinal);
        string path = _folder.Write("tokenizer.json", json);
        return JsonFile.Read(path, root => PreTokenizerJson.Read(path, new JsonFields(path, root), out _));
    }

    private static void AssertCutsAs(PreTokenizer split, Func<string, IEnumerable<string>> expected)
    {
        Random random = new(20);
        string[] kinds = [" \n\t\r\u00a0\u3000", "aeéßДшدع", "猫は々ー", "0129٣²Ⅳ", "'sdtmrevlSDTMREVL", ".,!-\u0301\u200b\u00ad\u0000", "\u2028\u0085\u180e\u200a", " \r\n"];
        for (int round = 0; round < 5000; round++)
        {
            string text = string.Concat(Enumerable.Range(0, random.Next(1, 30)).Select(_ => random.GetItems(random.GetItems(kinds, 1)[0].AsSpan(), 1)[0]));
            Assert.Equal(expected(text), Cut(split, text));
        }
    }

    private static string[] Cut(PreTokenizer split, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        List<Range> pieces = [];
        split.Cut(bytes, pieces);
        return [.. pieces.Select(piece => Encoding.UTF8.GetString(bytes[piece]))];
    }
}
