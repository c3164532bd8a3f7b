using System.Text;
using MiniGpt.Model.Files;
using Xunit;

namespace MiniGpt.Tests.Model.Formats;

public sealed class JsonEscapesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("""{"a":"\ud83d\ude00 \\ud800 \u00e9"}""", -1)]
    [InlineData("""{"a":"\ud800"}""", 6)]
    [InlineData("""{"a":"x\udc00\ud800"}""", 7)]
    [InlineData("""{"a":"\ud83d\ud83d\ude00"}""", 6)]
    [InlineData("""{"a":"\\\ud800"}""", 8)]
    [InlineData("{\"a\":\"\\", -1)]
    public void Half_of_a_surrogate_pair_is_found(string json, int place) => Assert.Equal(place, JsonEscapes.FindHalf(Encoding.UTF8.GetBytes(json)));

    [Fact]
    public void A_file_with_one_is_refused_in_one_line_even_where_nobody_asks_for_the_string()
    {
        string path = _folder.Write("config.json", """{"foo":"\ud800"}""");
        string message = Assert.Throws<FileFormatException>(() => JsonFile.Read(path, _ => 0)).Message;
        Assert.Equal($"{path}: no valid JSON: half of a surrogate pair found at byte 8, Unicode text expected", message);
    }

    public void Dispose() => _folder.Dispose();
}
