using System.Text.Json;
using MiniGpt.Model.Files;
using Xunit;

namespace MiniGpt.Tests.Model.Formats;

public sealed class JsonKeysTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("""{"a":1,"b":{"a":1},"c":[{"a":1},{"a":1}]}""", null)]
    [InlineData("""{"a":1,"A":2,"":3}""", null)]
    [InlineData("""{"a":1,"b":2,"a":1}""", "a")]
    [InlineData("""{"b":{"x":0,"x":0}}""", "x")]
    [InlineData("""{"b":[1,[{"y":0},{"z":0,"z":0}]]}""", "z")]
    [InlineData("""{"é":1,"\u00e9":2}""", "é")]
    [InlineData("""{"":1,"":2}""", "")]
    public void A_key_that_stands_twice_in_one_object_is_found(string json, string? key)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        Assert.Equal(key, JsonKeys.FindRepeated(document.RootElement));
    }

    [Fact]
    public void What_is_found_is_what_the_platforms_own_check_refuses()
    {
        int refused = 0;
        for (int seed = 0; seed < 2000; seed++)
        {
            string json = Value(new Random(seed), depth: 4);
            using JsonDocument document = JsonDocument.Parse(json);
            bool isRefused = Record.Exception(() => JsonDocument.Parse(json, new JsonDocumentOptions { AllowDuplicateProperties = false }).Dispose()) is JsonException;
            Assert.True(isRefused == (JsonKeys.FindRepeated(document.RootElement) is not null), json);
            refused += isRefused ? 1 : 0;
        }
        Assert.InRange(refused, 200, 1800);
    }

    [Fact]
    public void A_file_with_one_is_refused_in_one_line_that_names_it()
    {
        string path = _folder.Write("config.json", """{"n_layer":1,"n_head":2,"n_layer":3}""");
        string message = Assert.Throws<FileFormatException>(() => JsonFile.Read(path, _ => 0)).Message;
        Assert.Equal($"{path}: no valid JSON: the key 'n_layer' found twice in one object, once expected", message);
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>A random value with keys of few letters, some of them escaped.</summary>
    private static string Value(Random random, int depth) => random.Next(depth > 0 ? 4 : 1) switch
    {
        0 => "0",
        1 => $"[{string.Join(',', Enumerable.Range(0, random.Next(4)).Select(_ => Value(random, depth - 1)))}]",
        _ => $"{{{string.Join(',', Enumerable.Range(0, random.Next(random.Next(12) + 1)).Select(_ => $"\"{Key(random)}\":{Value(random, depth - 1)}"))}}}",
    };

    private static string Key(Random random)
    {
        char letter = (char)('a' + random.Next(26));
        return random.Next(4) == 0 ? $"\\u{(int)letter:x4}" : $"{letter}";
    }
}
