using System.CommandLine;
using MiniGpt.Cli.Help;
using MiniGpt.Cli.Speech;

namespace MiniGpt.Cli.Verbs;

/// <summary>minigpt completion: the script with which a shell completes verbs, options and choices. The program itself says what fits.</summary>
internal sealed class CompletionVerb : Command
{
    private static readonly (string Shell, string Script)[] s_scripts =
    [
        ("bash", """
            _minigpt() {
              local IFS=$'\n' current=${COMP_WORDS[COMP_CWORD]}
              COMPREPLY=($(compgen -W "$(minigpt "[suggest:$COMP_POINT]" "$COMP_LINE" 2>/dev/null)" -- "$current"))
            }
            complete -o default -F _minigpt minigpt
            """),
        ("zsh", """
            #compdef minigpt
            _minigpt() {
              local -a found
              found=("${(@f)$(minigpt "[suggest:$CURSOR]" "$BUFFER" 2>/dev/null)}")
              compadd -- $found
              (( $#found )) && [[ -n $found[1] ]] || _files
            }
            compdef _minigpt minigpt
            """),
        ("fish", """
            complete -c minigpt -a '(minigpt "[suggest:"(string length -- (commandline -cp))"]" (commandline -cp) 2>/dev/null)'
            """),
        ("pwsh", """
            Register-ArgumentCompleter -Native -CommandName minigpt -ScriptBlock {
              param($word, $line, $position)
              minigpt "[suggest:$position]" "$line" 2>$null | Where-Object { $_ -like "$word*" } | ForEach-Object {
                [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
              }
            }
            """),
    ];

    private readonly Argument<string> _shell = new("SHELL");

    public CompletionVerb()
        : base("completion")
    {
        _shell.CompletionSources.Add([.. s_scripts.Select(script => script.Shell)]);
        Arguments.Add(_shell);
        SetAction(Print);
    }

    private int Print(ParseResult arguments)
    {
        string shell = arguments.GetRequiredValue(_shell);
        string[] shells = [.. s_scripts.Select(script => script.Shell)];
        if (!shells.Contains(shell))
            throw new UsageException(Messages.Of(
                "completion.unknown", ("shell", shell), ("names", string.Join('|', shells)), ("suggestion", Suggestion.For(shell, shells))));
        Console.Out.WriteLine(s_scripts.First(script => script.Shell == shell).Script);
        return 0;
    }
}
