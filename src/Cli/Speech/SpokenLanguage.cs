using MiniGpt.Cli.Options;
using MiniGpt.Model;
using MiniGpt.Model.Lessons;

namespace MiniGpt.Cli.Speech;

/// <summary>Finds the language to speak before anything else is read, so that what is wrong with a command line is told in it, too.</summary>
internal static class SpokenLanguage
{
    // The first that is set decides, as POSIX has it.
    private static readonly string[] s_variables = ["LC_ALL", "LC_MESSAGES", "LANG"];

    /// <summary>The language that a command line asks for, else the one of the locale, else English.</summary>
    /// <param name="arguments">The command line.</param>
    /// <param name="variable">Variables of the environment.</param>
    public static Language Of(string[] arguments, Func<string, string?> variable) =>
        OptionNames.TryParse(Given(arguments), out Language language) ? language
        : IsJapanese(s_variables.Select(variable).FirstOrDefault(value => !string.IsNullOrEmpty(value)) ?? "") ? Language.Japanese
        : Language.English;

    /// <summary>The value of --language; empty where there is none.</summary>
    private static string Given(string[] arguments)
    {
        for (int i = 0; i < arguments.Length; i++)
        {
            string argument = arguments[i];
            if (argument == LanguageOption.OptionName)
                return i + 1 < arguments.Length ? arguments[i + 1] : "";
            if (argument.StartsWith(LanguageOption.OptionName, StringComparison.Ordinal) && argument[LanguageOption.OptionName.Length] is '=' or ':')
                return argument[(LanguageOption.OptionName.Length + 1)..];
        }
        return "";
    }

    /// <summary>Whether a locale, such as ja_JP.UTF-8, is Japanese.</summary>
    private static bool IsJapanese(string locale) =>
        locale.StartsWith("ja", StringComparison.OrdinalIgnoreCase) && (locale.Length == 2 || locale[2] is '_' or '-' or '.' or '@');
}
