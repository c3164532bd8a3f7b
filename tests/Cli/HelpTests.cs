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

    [Fact]
    public void An_option_without_its_value_is_said_to_need_one()
    {
        Minigpt.Refusal(_folder.Root, 2, "--steps expects a value, --seed found", "train", "--steps", "--seed", "3");
        Assert.Contains("-v はほかの引数と一緒に使えません", Minigpt.Run(_folder.Root, "-v", "--language", "ja").Error, StringComparison.Ordinal);
    }

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
        Outcome trained = Minigpt.Run(_folder.Root, "train", "--data", "text.txt", "--preset", "tiny", "--context", "16", "--steps", "1", "--out", "it's my run");
        string hint = trained.Error.TrimEnd().Split('\n')[^1].Trim();
        Assert.Contains("sample --model 'it'\\''s my run'", hint, StringComparison.Ordinal);
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
    [InlineData("runs/quick", "runs/quick", "runs/quick")]
    [InlineData("走り/猫", "走り/猫", "走り/猫")]
    [InlineData("my run", "'my run'", "'my run'")]
    [InlineData("it's", @"'it'\''s'", "'it''s'")]
    [InlineData("$HOME `id` \"x\" !1", "'$HOME `id` \"x\" !1'", "'$HOME `id` \"x\" !1'")]
    [InlineData("~", "'~'", "'~'")]
    [InlineData("", "''", "''")]
    [InlineData(@"C:\runs", @"'C:\runs'", @"C:\runs")]
    public void A_word_is_quoted_where_a_shell_would_change_it(string word, string forShell, string forPowerShell)
    {
        Assert.Equal(forShell, ProgramName.Quoted(word, forPowerShell: false));
        Assert.Equal(forPowerShell, ProgramName.Quoted(word, forPowerShell: true));
        if (!OperatingSystem.IsWindows())
            Assert.Equal(word, Minigpt.Shell(_folder.Root, $"printf %s {forShell}").Output);
    }

    [Fact]
    public void An_example_of_the_help_begins_as_the_program_was_started()
    {
        string help = Minigpt.Success(_folder.Root, "tokenize", "--help");
        string example = help.TrimEnd().Split('\n')[^1].Trim();
        Assert.Equal(2, System.Text.RegularExpressions.Regex.Count(example, @"dotnet \S*minigpt\.dll tokenize (en|de)code"));
        Assert.Contains("Usage:\n  minigpt tokenize VERB", help, StringComparison.Ordinal);
    }

    [Fact]
    public void Threads_are_offered_where_something_is_computed()
    {
        foreach (Command command in Commands(new AllVerbs()).Where(command => command.Options.Any(option => option.Name == "--threads")))
        {
            bool reads = command.Name is "inspect" or "compare" or "decode";
            Assert.Equal(!reads, HelpPage.OptionsOf(command).Any(option => option.Name == "--threads"));
        }
        Assert.DoesNotContain("--threads", Minigpt.Success(_folder.Root, "[suggest:19]", "minigpt inspect --t"), StringComparison.Ordinal);
        // Scripts that give it to every verb go on working.
        Minigpt.Success(_folder.Root, "inspect", Fixtures.File("gpt2-tiny"), "--threads", "2");
    }

    private static IEnumerable<Command> Commands(Command command) => command.Subcommands.SelectMany(Commands).Prepend(command);
}
