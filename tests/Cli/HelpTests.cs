using System.CommandLine;
using MiniGpt.Cli.Help;
using MiniGpt.Cli.Verbs;
using Xunit;

namespace MiniGpt.Tests.Cli;

public sealed class HelpTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("trian", "train")]
    [InlineData("smaple", "sample")]
    [InlineData("--setps", "--steps")]
    [InlineData("gtp2", "gpt2")]
    [InlineData("--validation-fractoin", "--validation-fraction")]
    [InlineData("dance", null)]
    [InlineData("x", null)]
    public void A_mistyped_name_is_told_the_nearest_one(string typed, string? meant)
    {
        RootCommand program = new AllVerbs();
        IEnumerable<string> names = program.Subcommands.SelectMany(verb => verb.Options.Select(option => option.Name).Append(verb.Name)).Append("gpt2");
        Assert.Equal(meant, Suggestion.Nearest(typed, names.Distinct()));
    }

    [Theory]
    [InlineData("did you mean 'train'?", "trian")]
    [InlineData("did you mean '--steps'?", "train", "--setps", "3")]
    [InlineData("did you mean 'gpt2'?", "train", "--preset", "gtp2")]
    [InlineData("did you mean 'attention'?", "lesson", "atention")]
    [InlineData("did you mean 'tokenize'?", "help", "tokenise")]
    [InlineData("did you mean 'bash'?", "completion", "bsh")]
    [InlineData("'the king' belongs to no option; ", "fill", "the king")]
    public void A_mistyped_command_line_is_told_what_it_may_have_meant(string told, params string[] arguments) =>
        Assert.Contains(told, Minigpt.Refusal(_folder.Root, 2, told, arguments));

    [Theory]
    [InlineData(60)]
    [InlineData(80)]
    [InlineData(100)]
    public void The_help_of_every_verb_fits_into_the_terminal(int width)
    {
        foreach (Command command in Commands(new AllVerbs()))
        {
            using StringWriter page = new();
            HelpPage.Write(page, command, width);
            // A usage or an example is pasted: it stays on its line.
            string[] lines = page.ToString().Split('\n');
            int end = Array.IndexOf(lines, "Example:");
            Assert.All(lines[..(end < 0 ? lines.Length : end)], line => Assert.True(line.Length <= width || line.StartsWith("  minigpt ", StringComparison.Ordinal), line));
        }
    }

    [Fact]
    public void Every_option_of_train_is_in_one_group_of_its_help()
    {
        Command train = new AllVerbs().Subcommands.Single(verb => verb.Name == "train");
        string[] grouped = [.. ((IHasGroups)train).Groups.SelectMany(group => group.Names)];
        Assert.Equal(HelpPage.OptionsOf(train).Select(option => option.Name).Order(), grouped.Order());
    }

    [Fact]
    public void Help_and_a_verb_print_what_the_verb_and_help_print()
    {
        Assert.Equal(Minigpt.Success(_folder.Root, "train", "--help"), Minigpt.Success(_folder.Root, "help", "train"));
        Assert.Equal(Minigpt.Success(_folder.Root, "tokenize", "encode", "-h"), Minigpt.Success(_folder.Root, "help", "tokenize", "encode"));
        Assert.Equal(Minigpt.Success(_folder.Root, "--version"), Minigpt.Success(_folder.Root, "-v"));
    }

    [Fact]
    public void The_command_that_train_ends_with_can_be_pasted_into_the_shell()
    {
        _folder.Write("text.txt", string.Concat(Enumerable.Repeat("To be, or not to be. ", 40)));
        Outcome trained = Minigpt.Run(_folder.Root, "train", "--data", "text.txt", "--preset", "tiny", "--context", "16", "--steps", "1", "--out", "my run");
        string hint = trained.Error.TrimEnd().Split('\n')[^1].Trim();
        Assert.Contains("sample --model \"my run\"", hint, StringComparison.Ordinal);
        Outcome pasted = Minigpt.Shell(_folder.Root, $"{hint} --tokens 5");
        Assert.True(pasted.ExitCode == 0, pasted.Error);
    }

    [Fact]
    public void A_command_line_begins_as_the_program_was_started()
    {
        string project = Directory.CreateDirectory(_folder.File("src/Cli")).FullName;
        Directory.CreateDirectory(_folder.File("tools"));
        _folder.Write("src/Cli/MiniGpt.Cli.csproj", "");
        _folder.Write("tools/minigpt", "");
        string built = Path.Combine(project, "bin", "Release", "net10.0"), tool = _folder.File("tools/minigpt");
        Assert.Equal("dotnet run -c Release --project src/Cli --", Of(Path.Combine(built, "minigpt"), built));
        Assert.Equal("minigpt", ProgramName.Of(tool, tool, _folder.File("store"), _folder.Root, $"/nowhere{Path.PathSeparator}{_folder.File("tools")}"));
        Assert.Equal($".{Path.DirectorySeparatorChar}tools/minigpt", Of(tool, _folder.File("tools")));
        Assert.Equal($"dotnet .{Path.DirectorySeparatorChar}tools/minigpt.dll",
            ProgramName.Of("/usr/bin/dotnet", _folder.File("tools/minigpt.dll"), _folder.File("tools"), _folder.Root, searched: null));

        string Of(string process, string folder) => ProgramName.Of(process, process, folder, _folder.Root, searched: null);
    }

    [Theory]
    [InlineData("minigpt tr", "trace,train,translate")]
    [InlineData("minigpt train --optim", "--optimizer")]
    [InlineData("minigpt train --preset ", "baby,gpt2,long,quick,tiny")]
    [InlineData("minigpt lesson n", "n-gram,next-token,norms-and-residuals")]
    public void A_shell_completes_verbs_options_and_choices(string line, string expected)
    {
        Assert.SkipUnless(Minigpt.Shell(_folder.Root, "bash --version").ExitCode == 0, "there is no bash to complete in");
        _folder.Write("completion.bash", Minigpt.Success(_folder.Root, "completion", "bash"));
        string last = line.Split(' ')[^1];
        _folder.Write("ask.bash", $$"""
            minigpt() { {{Minigpt.Command}} "$@"; }
            source completion.bash
            COMP_LINE='{{line}}' COMP_POINT={{line.Length}} COMP_WORDS=('{{last}}') COMP_CWORD=0
            _minigpt
            printf '%s\n' "${COMPREPLY[@]}"
            """);
        Outcome outcome = Minigpt.Shell(_folder.Root, "bash ask.bash");
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        Assert.Equal(expected.Split(','), outcome.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal));
    }

    private static IEnumerable<Command> Commands(Command command) => command.Subcommands.SelectMany(Commands).Prepend(command);
}
