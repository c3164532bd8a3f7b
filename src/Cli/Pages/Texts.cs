using System.Text.Json;
using MiniGpt.Model;
using MiniGpt.Model.Lessons;

namespace MiniGpt.Cli.Pages;

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

    /// <summary>A text that not every lesson has; null where there is none.</summary>
    public string? Find(string key) => _texts.GetValueOrDefault(key);

    /// <summary>A name that a lesson gives to a row or column by a key; else null.</summary>
    public string? NameIn(string lesson, string key) => Find($"lesson.{lesson}.name.{key}");

    /// <summary>A word of a lesson with what it means in this language beside it, where that is another one; "2 もも" is the word at a place.</summary>
    public string WithMeaning(string lesson, string word) =>
        _texts.TryGetValue($"lesson.{lesson}.word.{word[(word.IndexOf(' ') + 1)..]}", out string? meaning) ? $"{word} ({meaning})" : word;

    /// <summary>The texts of a language.</summary>
    public static Texts Of(Language language)
    {
        string code = OptionNames.Of(language);
        return new Texts(code, JsonSerializer.Deserialize(Page.Resource($"Texts.{code}.json"), PageJson.Default.DictionaryStringString)!);
    }
}
