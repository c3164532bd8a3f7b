using Xunit;

namespace MiniGpt.Tests.Cli;

/// <summary>The scripts of minigpt completion in the shells that they are for, where these are installed.</summary>
public sealed class CompletionScriptTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("minigpt tr", "trace,train,translate")]
    [InlineData("minigpt train --optim", "--optimizer")]
    [InlineData("minigpt train --preset ", "baby,gpt2,long,quick,tiny")]
    [InlineData("minigpt lesson n", "n-gram,next-token,norms-and-residuals")]
    public void Bash_completes_verbs_options_and_choices(string line, string expected)
    {
        Require("bash");
        _folder.Write("completion.bash", Minigpt.Success(_folder.Root, "completion", "bash"));
        string last = line.Split(' ')[^1];
        AssertCompletes(expected, "bash", $$"""
            minigpt() { {{Minigpt.Command}} "$@"; }
            source completion.bash
            COMP_LINE='{{line}}' COMP_POINT={{line.Length}} COMP_WORDS=('{{last}}') COMP_CWORD=0
            _minigpt
            printf '%s\n' "${COMPREPLY[@]}"
            """);
    }

    [Theory]
    [InlineData("minigpt tr", "trace,train,translate")]
    [InlineData("minigpt train --pre", "--preset")]
    [InlineData("minigpt train --preset ", "baby,gpt2,long,quick,tiny")]
    public void Fish_completes_verbs_options_and_choices(string line, string expected)
    {
        Require("fish");
        string home = Directory.CreateDirectory(_folder.File("home")).FullName;
        _folder.Write("completion.fish", Minigpt.Success(_folder.Root, "completion", "fish"));
        Directory.CreateDirectory(_folder.File("empty")); // where no file is offered beside the words
        AssertCompletes(expected, $"HOME='{home}' XDG_CONFIG_HOME='{home}' fish", $"""
            function minigpt; {Minigpt.Command} $argv; end
            source completion.fish
            cd empty
            complete -C '{line}'
            """);
    }

    [Theory]
    [InlineData("minigpt tr", "trace +train +translate")]
    [InlineData("minigpt train --optim", "train --optimizer")]
    [InlineData("minigpt lesson n", "n-gram +next-token +norms-and-residuals")]
    public void Zsh_completes_verbs_options_and_choices(string line, string expected)
    {
        Require("zsh");
        _folder.Write("completion.zsh", Minigpt.Success(_folder.Root, "completion", "zsh"));
        _folder.Write("inner.zsh", $$"""
            autoload -U compinit; compinit -u -D
            minigpt() { {{Minigpt.Command}} "$@" }
            source completion.zsh
            print ready
            """);
        // A shell on a terminal of its own, in which somebody types the line and twice the tab key.
        Outcome outcome = Run("zsh -f", $$"""
            zmodload zsh/zpty
            zpty inner 'TERM=dumb zsh -f -i'
            zpty -w inner 'source inner.zsh'
            said=''
            more() { local piece; while zpty -r -t inner piece; do said+=$piece; done; sleep 0.1 }
            for n in {1..300}; do more; [[ $said == *$'\n'ready* ]] && break; done
            zpty -n -w inner $'{{line}}\t\t'
            for n in {1..300}; do more; [[ $said =~ '{{expected}}' ]] && break; done
            print -r -- $said
            zpty -d inner
            """);
        Assert.Matches(expected, outcome.Output);
    }

    [Theory]
    [InlineData("minigpt tr", "trace,train,translate")]
    [InlineData("minigpt train --pre", "--preset")]
    public void PowerShell_completes_verbs_and_options(string line, string expected)
    {
        Require("pwsh");
        _folder.Write("completion.ps1", Minigpt.Success(_folder.Root, "completion", "pwsh"));
        AssertCompletes(expected, "pwsh -NoProfile -File", $$"""
            function minigpt { {{Minigpt.Command}} @args }
            . ./completion.ps1
            (TabExpansion2 '{{line}}' {{line.Length}}).CompletionMatches.CompletionText
            """);
    }

    private void Require(string shell) =>
        Assert.SkipUnless(Minigpt.Shell(_folder.Root, $"{shell} --version").ExitCode == 0, $"there is no {shell} to complete in");

    private void AssertCompletes(string expected, string shell, string script)
    {
        Outcome outcome = Run(shell, script);
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        Assert.Equal(expected.Split(','), outcome.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Trim()).Order(StringComparer.Ordinal));
    }

    private Outcome Run(string shell, string script)
    {
        _folder.Write("ask.ps1", script); // an ending that the others do not mind
        return Minigpt.Shell(_folder.Root, $"timeout 60 {(shell.Contains('=') ? $"env {shell}" : shell)} ./ask.ps1");
    }
}
