using System.CommandLine;

namespace MiniGpt.Cli.Options;

/// <summary>--threads, which every verb takes.</summary>
internal sealed class ThreadsOption : Option<int>
{
    /// <summary>Its name.</summary>
    public const string OptionName = "--threads";

    private const int Most = 1024;

    public ThreadsOption()
        : base(OptionName)
    {
        HelpName = "N";
        DefaultValueFactory = _ => 0;
        CustomParser = result => OptionFactory.Whole(result, Name, least: 0, Most);
    }
}
