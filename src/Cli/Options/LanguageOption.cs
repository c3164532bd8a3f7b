using System.CommandLine;
using MiniGpt.Cli.Speech;
using MiniGpt.Model.Lessons;

namespace MiniGpt.Cli.Options;

/// <summary>--language, English or Japanese, which every verb takes: <see cref="SpokenLanguage"/> reads it before the others.</summary>
internal static class LanguageOption
{
    /// <summary>Its name.</summary>
    public const string OptionName = "--language";

    /// <summary>The option of the program, for all its verbs.</summary>
    public static Option<Language> Create()
    {
        Option<Language> option = OptionFactory.Choice<Language>(OptionName,
            "What the program speaks: messages, lessons and pages in English or Japanese. [default: ja where the locale, of LC_ALL, LC_MESSAGES or LANG, is Japanese; else en]");
        option.Recursive = true;
        return option;
    }
}
