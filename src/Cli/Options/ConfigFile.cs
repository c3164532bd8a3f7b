using System.CommandLine;
using System.Text.Json;
using MiniGpt.Cli.Help;
using MiniGpt.Cli.Speech;
using MiniGpt.Model.Files;

namespace MiniGpt.Cli.Options;

/// <summary>Options in a JSON file: {"steps": 500, "data": ["a.txt", "b.txt"]} is --steps 500 --data a.txt b.txt.</summary>
internal static class ConfigFile
{
    /// <summary>The option that names the file.</summary>
    public const string Name = "--config";

    private const string Train = "train", OptionsOfRun = "options";

    /// <summary>
    /// A command line with the options of the file that it names, but for those that it gives itself. A training.json, which says more than
    /// options can, stays named.
    /// </summary>
    /// <param name="arguments">The command line.</param>
    /// <param name="root">All verbs.</param>
    /// <exception cref="UsageException">The file has a name that is no option, or a value that no option has.</exception>
    /// <exception cref="FileFormatException">It is no JSON object.</exception>
    public static string[] Expand(string[] arguments, RootCommand root)
    {
        int place = Array.FindIndex(arguments, argument => Is(argument, Name));
        bool isOneWord = place > 0 && arguments[place].Length > Name.Length; // --config=FILE
        int after = place + (isOneWord ? 1 : 2);
        if (place < 1 || after > arguments.Length || arguments[0] != Train)
            return arguments;
        string path = isOneWord ? arguments[place][(Name.Length + 1)..] : arguments[place + 1];
        Command train = root.Subcommands.Single(verb => verb.Name == Train);
        return JsonFile.Read(path, json =>
        {
            if (json.TryGetProperty(OptionsOfRun, out _))
                return arguments;
            IEnumerable<string> others = json.EnumerateObject().SelectMany(member => Words(path, train, member, arguments));
            return [.. arguments[..place], .. arguments[after..], .. others];
        });
    }

    /// <summary>The words of one option; none where the command line has it.</summary>
    private static IEnumerable<string> Words(string path, Command train, JsonProperty member, string[] arguments)
    {
        string name = $"--{member.Name.Replace('_', '-')}";
        string[] known = [.. train.Options.Select(option => option.Name).Where(option => option != Name)];
        if (!known.Contains(name))
            throw new UsageException(Messages.Of("config.name", ("path", path), ("found", member.Name), ("verb", Train), ("suggestion", Suggestion.For(name, known))));
        bool takesOne = train.Options.Single(option => option.Name == name).Arity.MaximumNumberOfValues == 1;
        if (takesOne && member.Value.ValueKind == JsonValueKind.Array)
            throw new UsageException(Messages.Of("config.value", ("path", path), ("kind", JsonFile.Kind(member.Value)), ("name", member.Name)));
        bool isGiven = arguments.Any(argument => Is(argument, name));
        return isGiven || member.Value.ValueKind == JsonValueKind.Null ? []
            : member.Value.ValueKind == JsonValueKind.Array ? [name, .. member.Value.EnumerateArray().Select(value => Word(path, member.Name, value))]
            : [name, Word(path, member.Name, member.Value)];
    }

    /// <summary>Whether a word of the command line is an option, with its value in the same word or without.</summary>
    private static bool Is(string argument, string name) =>
        argument.StartsWith(name, StringComparison.Ordinal) && (argument.Length == name.Length || argument[name.Length] is '=' or ':');

    private static string Word(string path, string name, JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString()!,
        JsonValueKind.Number => value.GetRawText(),
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        _ => throw new UsageException(Messages.Of("config.value", ("path", path), ("kind", JsonFile.Kind(value)), ("name", name))),
    };
}
