using System.Text.Encodings.Web;
using System.Text.Json.Serialization;
using System.Text.Unicode;
using MiniGpt.Model.Explanation;

namespace MiniGpt.Cli.Pages;

/// <summary>What pages carry, as JSON. The code that writes it is made when the program is compiled, so that nothing is looked up while it runs.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(Dictionary<string, string>))]
[JsonSerializable(typeof(SentenceExplanation))]
[JsonSerializable(typeof(LessonPage))]
[JsonSerializable(typeof(CurvesPage))]
internal sealed partial class PageJson : JsonSerializerContext
{
    /// <summary>Keeps letters of every script as they are, and writes &lt;, &gt; and &amp; as escapes: no text can end the element.</summary>
    public static JavaScriptEncoder Encoder { get; } = JavaScriptEncoder.Create(UnicodeRanges.All);
}
