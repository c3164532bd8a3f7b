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
        Option<Language> option = OptionFactory.Choice<Language>(OptionName);
        option.Recursive = true;
        return option;
    }
}
