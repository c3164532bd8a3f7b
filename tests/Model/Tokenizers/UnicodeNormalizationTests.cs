using System.Text.Json;
using MiniGpt.Model.Tokenizers;
using Xunit;

namespace MiniGpt.Tests.Model.Tokenizers;

public class UnicodeNormalizationTests
{
    [Fact]
    public void Both_forms_are_those_of_Pythons_unicodedata()
    {
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(Fixtures.File("tokenizers", "normal-forms.json")));
        Assert.InRange(json.RootElement.GetArrayLength(), 50, 1000);
        Assert.All(json.RootElement.EnumerateArray(), test =>
        {
            string text = test[0].GetString()!;
            Assert.Equal(test[1].GetString(), UnicodeNormalization.Compose(text));
            Assert.Equal(test[2].GetString(), UnicodeNormalization.Decompose(text));
        });
    }

    [Theory]
    [InlineData("plain ASCII \u00bd", "plain ASCII \u00bd")]
    [InlineData("e\u0301", "\u00e9")]
    [InlineData("\u1100\u1161\u11a8", "\uac01")]
    [InlineData("\u0958", "\u0915\u093c")] // excluded from composition
    public void Characters_are_put_together_with_their_accents(string text, string expected) => Assert.Equal(expected, UnicodeNormalization.Compose(text));
}
