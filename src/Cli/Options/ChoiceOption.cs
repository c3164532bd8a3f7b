using System.CommandLine;

namespace MiniGpt.Cli.Options;

/// <summary>An option whose value is one of a few names.</summary>
internal sealed class ChoiceOption<T>(string name, IReadOnlyList<string> names, T[] values) : Option<T>(name), IHasNamedDefault
    where T : struct
{
    public string DefaultName => names[Array.IndexOf(values, (T)GetDefaultValue()!)];
}

/// <summary>An option whose default is written by a name.</summary>
internal interface IHasNamedDefault
{
    /// <summary>The name of the value that counts where the option is left out.</summary>
    string DefaultName { get; }
}
