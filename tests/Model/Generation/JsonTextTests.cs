using System.Text;
using System.Text.Json;
using MiniGpt.Model.Generation;
using Xunit;

namespace MiniGpt.Tests.Model.Generation;

/// <summary>What can still become a JSON object is what the platform's own parser says.</summary>
public class JsonTextTests
{
    private static readonly string[] s_objects =
    [
        "{}", "{ } ", """{"a":1}""", """{"a":[1,-2.5,0,0.1e+10,1E-2,10],"b":{"c":null,"d":true,"e":false},"f":[]}""", """{"日本":"\u00e9\n\"\\\/","x":"é😀"}""",
        """{"a" : [ { } , [ ] , "" ] , "b" : -0 }""",
    ];

    [Fact]
    public void Objects_and_their_beginnings_are_taken()
    {
        foreach (string text in s_objects)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(text);
            JsonText json = default;
            for (int i = 0; i < bytes.Length; i++)
            {
                Assert.Equal(IsObject(bytes[..i]), json.IsComplete);
                Assert.True(json.TryAppend(bytes.AsSpan(i, 1)), text);
            }

            Assert.True(json.IsComplete);
        }
    }

    [Fact]
    public void Thirty_thousand_changed_texts_are_objects_exactly_where_the_platform_says_so()
    {
        Random random = new(1);
        byte[] alphabet = "{}[]:,\"\\utrfalsen0123456789.-+eE \n"u8.ToArray();
        int objects = 0;
        for (int i = 0; i < 30_000; i++)
        {
            List<byte> bytes = [.. Encoding.UTF8.GetBytes(s_objects[random.Next(s_objects.Length)])];
            for (int change = random.Next(3); change >= 0 && bytes.Count > 0; change--)
            {
                byte value = random.Next(6) == 0 ? (byte)random.Next(256) : alphabet[random.Next(alphabet.Length)];
                int at = random.Next(bytes.Count);
                switch (random.Next(3))
                {
                    case 0:
                        bytes[at] = value;
                        break;
                    case 1:
                        bytes.Insert(at, value);
                        break;
                    default:
                        bytes.RemoveAt(at);
                        break;
                }
            }

            JsonText json = default;
            bool isTaken = json.TryAppend([.. bytes]) && json.IsComplete;
            bool isObject = IsObject([.. bytes]) && bytes[0] == '{'; // no space before it is taken
            Assert.True(isObject == isTaken, Encoding.UTF8.GetString([.. bytes]));
            objects += isTaken ? 1 : 0;
        }

        Assert.InRange(objects, 1000, 29_000);
    }

    [Theory]
    [InlineData("""{"a":"\ud800"}""")]
    [InlineData("""{"a":"\uDFff"}""")]
    [InlineData("{                 ")] // seventeen spaces
    [InlineData("{} x")]
    [InlineData("[")]
    [InlineData(" {")]
    public void What_no_answer_should_be_is_not_taken(string text)
    {
        JsonText json = default;
        Assert.False(json.TryAppend(Encoding.UTF8.GetBytes(text)));
    }

    private static bool IsObject(byte[] bytes)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(bytes);
            document.RootElement.Clone();
            return document.RootElement.ValueKind == JsonValueKind.Object && !Texts(document.RootElement).Any(text => text.Length < 0);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return false;
        }
    }

    /// <summary>All texts, which are only looked at when they are asked for: halves of surrogate pairs are found then.</summary>
    private static IEnumerable<string> Texts(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.String => [element.GetString()!],
        JsonValueKind.Array => element.EnumerateArray().SelectMany(Texts),
        JsonValueKind.Object => element.EnumerateObject().SelectMany(property => (IEnumerable<string>)[property.Name, .. Texts(property.Value)]),
        _ => [],
    };
}
