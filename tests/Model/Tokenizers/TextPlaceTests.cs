using MiniGpt.Model.Tokenizers;
using Xunit;

namespace MiniGpt.Tests.Model.Tokenizers;

/// <summary>Places are those of the text that was given, whatever a tokenizer puts before it.</summary>
public class TextPlaceTests
{
    [Theory]
    [InlineData("ab", 1, 2)]
    [InlineData("b", 1, 1)]
    [InlineData(" b", 1, 2)]
    [InlineData("a\nab", 2, 2)]
    public void Bytes_that_a_byte_level_vocabulary_lacks(string text, int line, int character) => AssertPlace(
        BytePairTokenizer.FromAlphabet(["a", "Ċ", "Ġ"], [], new HashSet<int>(), BytePairOptions.Gpt2 with { AddsPrefixSpace = true }), text, line, character);

    [Theory]
    [InlineData("ab", 1, 2)]
    [InlineData("b", 1, 1)]
    [InlineData("a ab", 1, 4)]
    [InlineData("a\nab", 2, 2)]
    public void Characters_that_a_vocabulary_of_pieces_lacks(string text, int line, int character) => AssertPlace(
        new UnigramTokenizer([[(byte)'a'], [(byte)'\n'], [(byte)' ']], [PieceKind.Normal, PieceKind.Normal, PieceKind.Normal], [-1, -1, -1], [],
            SpaceRule.Llama, ends: null), text, line, character);

    private static void AssertPlace(ITokenizer tokenizer, string text, int line, int character) =>
        Assert.Equal(new TextPlace(line, character), Assert.Throws<TextEncodingException>(() => tokenizer.Encode(text)).Place);
}
