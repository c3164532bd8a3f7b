using System.Text.Json;
using System.Text.Json.Serialization;
using MiniGpt.Model;

namespace MiniGpt.Cli.Pages;

/// <summary>The languages that pages and lessons speak.</summary>
internal enum Language
{
    /// <summary>English.</summary>
    [JsonStringEnumMemberName("en")] English,

    /// <summary>Japanese.</summary>
    [JsonStringEnumMemberName("ja")] Japanese,
}

/// <summary>What pages and lessons say, in one language: Texts/en.json and Texts/ja.json, which have the same keys.</summary>
internal sealed class Texts
{
    private readonly Dictionary<string, string> _texts;

    private Texts(string language, Dictionary<string, string> texts) => (Language, _texts) = (language, texts);

    /// <summary>The code of the language, as HTML has it.</summary>
    public string Language { get; }

    /// <summary>Every text by its key.</summary>
    public IReadOnlyDictionary<string, string> All => _texts;

    /// <summary>A text.</summary>
    public string this[string key] => _texts.TryGetValue(key, out string? text)
        ? text
        : throw new InvalidOperationException($"There is no text for {key} in {Language}.json.");

    /// <summary>What a lesson's check says: the lesson's own words, else those that several lessons share.</summary>
    public string OfCheck(string lesson, string check) =>
        _texts.TryGetValue($"lesson.{lesson}.check.{check}", out string? text) ? text : this[$"lesson.check.{check}"];

    /// <summary>A word of a lesson with what it means in this language beside it, where that is another one; "2 もも" is the word at a place.</summary>
    public string WithMeaning(string lesson, string word) =>
        _texts.TryGetValue($"lesson.{lesson}.word.{word[(word.IndexOf(' ') + 1)..]}", out string? meaning) ? $"{word} ({meaning})" : word;

    /// <summary>The texts of a language.</summary>
    public static Texts Of(Language language)
    {
        string code = OptionNames.Of(language);
        return new Texts(code, JsonSerializer.Deserialize<Dictionary<string, string>>(Page.Resource($"Texts.{code}.json"))!);
    }
}
