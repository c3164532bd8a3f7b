using System.CommandLine;
using MiniGpt.Model.Lessons;

namespace MiniGpt.Cli.Options;

/// <summary>--language, English or Japanese.</summary>
internal static class LanguageOption
{
    public static Option<Language> Create() => OptionFactory.Choice<Language>("--language", "English or Japanese. [default: en]");
}
