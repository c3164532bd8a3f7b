using System.CommandLine;
using System.Text.Json;
using System.Text.RegularExpressions;
using MiniGpt.Cli.Help;
using MiniGpt.Cli.Speech;
using MiniGpt.Cli.Verbs;
using MiniGpt.Model.Lessons;
using MiniGpt.Tests.Architecture;
using Xunit;

namespace MiniGpt.Tests.Cli;

/// <summary>The tables of what the program says: the same in both languages, and no other than what the source asks them for.</summary>
public sealed partial class MessagesTests
{
    private const string MeaningOfWord = ".word."; // of a Japanese word, which Japanese readers need not be told
    private const int TellingLength = 6; // of a piece of a message by which it is found in the source

    // Put together from parts that stand in several places; JapaneseTests meets them in the program.
    private static readonly string[] s_composed =
        ["library.no-model-part", "library.holds-model", "library.no-utf8", "library.no-utf8-kept", "library.kind", "library.stats",
            "library.is-there", "library.dropped.begin", "library.dropped.end", "library.few-words", "library.no-word-alike", "library.no-languages",
            "library.name.endings"];

    // A Japanese reader is told of the Japanese text.
    private static readonly string[] s_onlyInJapanese = ["--text ja"];

    private static string Root => Sources.FindRoot();

    [Theory]
    [InlineData("src/Cli/Speech")]
    [InlineData("src/Cli/Speech/Help")]
    [InlineData("src/Cli/Pages/Texts")]
    public void Both_languages_have_the_same_keys_and_placeholders(string folder)
    {
        Dictionary<string, string> english = Table(folder, "en"), japanese = Table(folder, "ja");
        string[] keys = [.. english.Keys.Where(key => !key.Contains(MeaningOfWord, StringComparison.Ordinal))];
        Assert.Equal(keys.Order(StringComparer.Ordinal), japanese.Keys.Order(StringComparer.Ordinal));
        Assert.All(english.Where(message => keys.Contains(message.Key)), message => Assert.Equal(PlaceholdersOf(message.Value), PlaceholdersOf(japanese[message.Key])));
        Assert.All(japanese, message => Assert.False(string.IsNullOrWhiteSpace(message.Value), message.Key));
    }

    [Fact]
    public void Every_message_is_said_somewhere_with_a_value_for_each_of_its_placeholders()
    {
        Dictionary<string, string> english = Table("src/Cli/Speech", "en");
        string source = string.Concat(Sources.Under(Path.Combine(Root, "src", "Cli")).Select(File.ReadAllText));
        Assert.All(english.Keys.Where(key => !key.StartsWith(LibraryMessages.Prefix, StringComparison.Ordinal)), key =>
            Assert.Contains($"\"{key}\"", source, StringComparison.Ordinal));
        string[] said = [.. Said().Matches(source).Select(match => match.Groups[1].Value)];
        Assert.True(said.Length > 100, $"{said.Length}");
        Assert.All(said, key => Assert.Contains(key, english.Keys));
        Assert.All(Said().Matches(source), match =>
        {
            string call = CallAt(source, match.Index);
            string[] given = [.. GivenName().Matches(call).Select(name => name.Groups[1].Value)];
            Assert.All(PlaceholdersOf(english[match.Groups[1].Value]), name => Assert.True(given.Contains(name), $"{{{name}}} in {call}"));
        });
    }

    [Fact]
    public void The_help_has_a_text_for_each_verb_option_and_argument_an_example_for_each_verb_and_no_others()
    {
        RootCommand program = new AllVerbs();
        IEnumerable<Command> verbs = program.Subcommands.Concat(program.Subcommands.SelectMany(verb => verb.Subcommands));
        HashSet<string> asked = [HelpTexts.KeyOf(program), .. program.Options.Select(option => HelpTexts.KeyOf(program, option))];
        foreach (Command verb in verbs)
            asked.UnionWith([HelpTexts.KeyOf(verb), $"{HelpTexts.KeyOf(verb)} example", .. verb.Options.Concat<Symbol>(verb.Arguments).Select(part => HelpTexts.KeyOf(verb, part))]);
        Assert.True(asked.Count > 200, $"{asked.Count}");
        Assert.All(Enum.GetValues<Language>(), language => Assert.Equal(asked.Order(StringComparer.Ordinal), Messages.HelpTable(language).Keys.Order(StringComparer.Ordinal)));
        Assert.All(Messages.HelpTable(Language.Japanese).Where(text => !IsExample(text.Key)), text => Assert.Matches(Japanese(), text.Value));
        Assert.All(Messages.HelpTable(Language.English), text => Assert.DoesNotMatch(Japanese(), text.Value));
    }

    [Fact]
    public void A_text_of_the_help_names_the_same_options_in_both_languages() =>
        Assert.All(Messages.HelpTable(Language.English).Where(text => !IsExample(text.Key)), text =>
            Assert.Equal(OptionsIn(text.Value), OptionsIn(Messages.HelpTable(Language.Japanese)[text.Key]).Except(s_onlyInJapanese)));

    [Fact]
    public void Every_message_of_a_library_is_one_that_the_libraries_have()
    {
        string source = string.Concat(new[] { "Model", "Autograd", "Tensors", "Cluster" }.SelectMany(project => Sources.Under(Path.Combine(Root, "src", project)))
            .Select(File.ReadAllText)).Replace("\\\"", "\"", StringComparison.Ordinal);
        KeyValuePair<string, string>[] messages = [.. Table("src/Cli/Speech", "en").Where(message =>
            message.Key.StartsWith(LibraryMessages.Prefix, StringComparison.Ordinal) && !message.Key.StartsWith($"{LibraryMessages.Prefix}system.", StringComparison.Ordinal))];
        Assert.NotEmpty(messages);
        Assert.All(messages, message =>
        {
            string piece = Placeholder().Split(message.Value).MaxBy(piece => piece.Length)!;
            string telling = piece.Trim(' ', ':', ',', ';');
            Assert.True(source.Contains(telling, StringComparison.Ordinal) || telling.Length < TellingLength || s_composed.Contains(message.Key),
                $"{message.Key}: no library says '{telling}'");
        });
    }

    [Fact]
    public void Values_stand_as_they_are_whatever_is_in_them() =>
        Assert.Equal("a {b} and } c", Messages.Filled("{one} and {other}", [("one", "a {b}"), ("other", "} c")]));

    [Theory]
    [InlineData(1, "1 step")]
    [InlineData(2, "2 steps")]
    [InlineData(0, "0 steps")]
    [InlineData("1,000", "1,000 steps")]
    public void A_word_follows_its_number(object count, string expected) =>
        Assert.Equal(expected, Messages.Filled("{count} {count:step|steps}", [("count", count)]));

    [Theory]
    [InlineData(Language.Japanese, "LC_ALL=ja_JP.UTF-8")]
    [InlineData(Language.Japanese, "LANG=ja")]
    [InlineData(Language.Japanese, "LC_ALL=", "LANG=ja_JP.eucJP")]
    [InlineData(Language.English, "LC_ALL=C", "LANG=ja_JP.UTF-8")]
    [InlineData(Language.English, "LC_MESSAGES=en_GB.UTF-8", "LANG=ja_JP.UTF-8")]
    [InlineData(Language.English, "LANG=jam_JM")]
    [InlineData(Language.English)]
    [InlineData(Language.Japanese, "LANG=C", "--language", "ja")]
    [InlineData(Language.Japanese, "LANG=C", "--language=ja")]
    [InlineData(Language.English, "LANG=ja_JP.UTF-8", "--language", "en")]
    [InlineData(Language.Japanese, "LANG=ja_JP.UTF-8", "--language", "klingon")]
    [InlineData(Language.English, "LANG=en", "--language")]
    [InlineData(Language.English, "LANG=en", "--languages", "ja")]
    public void The_option_goes_before_the_locale_and_the_locale_s_first_variable_that_is_set_before_the_others(Language expected, params string[] given)
    {
        Dictionary<string, string> variables = given.Where(word => word.StartsWith('L')).Select(word => word.Split('=')).ToDictionary(pair => pair[0], pair => pair[1]);
        Assert.Equal(expected, SpokenLanguage.Of([.. given.Where(word => !word.StartsWith('L'))], variables.GetValueOrDefault));
    }

    private static Dictionary<string, string> Table(string folder, string language) =>
        JsonSerializer.Deserialize<Dictionary<string, string>>(File.ReadAllText(Path.Combine(Root, folder, $"{language}.json")))!;

    private static bool IsExample(string key) => key.EndsWith(" example", StringComparison.Ordinal);

    private static string[] OptionsIn(string text) => [.. OptionName().Matches(text).Select(match => match.Value).Distinct().Order(StringComparer.Ordinal)];

    private static string[] PlaceholdersOf(string text) => [.. Placeholder().Matches(text).Select(match => match.Value.Trim('{', '}')).Distinct().Order(StringComparer.Ordinal)];

    /// <summary>A call from its name to the bracket that closes it.</summary>
    private static string CallAt(string source, int start)
    {
        int depth = 0, end = source.IndexOf('(', start);
        do
        {
            depth += source[end] switch { '(' => 1, ')' => -1, _ => 0 };
            end++;
        }
        while (depth > 0);
        return source[start..end];
    }

    [GeneratedRegex(@"\p{IsHiragana}|\p{IsKatakana}|\p{IsCJKUnifiedIdeographs}")]
    private static partial Regex Japanese();

    [GeneratedRegex("--text ja|--[a-z][a-z-]*")]
    private static partial Regex OptionName();

    [GeneratedRegex(@"\{\w+\}")]
    private static partial Regex Placeholder();

    [GeneratedRegex("Messages\\.Of\\(\\s*\"([^\"]+)\"")]
    private static partial Regex Said();

    [GeneratedRegex("\\(\"(\\w+)\", ")]
    private static partial Regex GivenName();
}
