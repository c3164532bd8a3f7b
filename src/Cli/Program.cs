using System.CommandLine;
using System.CommandLine.Completions;
using System.CommandLine.Parsing;
using System.Text;
using MiniGpt.Cli.Display;
using MiniGpt.Cli.Help;
using MiniGpt.Cli.Options;
using MiniGpt.Cli.Speech;
using MiniGpt.Cli.Verbs;
using MiniGpt.Model;
using MiniGpt.Model.Files;
using MiniGpt.Model.Training;

namespace MiniGpt.Cli;

/// <summary>The entry point, and the one place where errors become a line on standard error and an exit code.</summary>
internal static class Program
{
    private const int LongestLine = 1000; // of a message that quotes what it found

    private static int Main(string[] args)
    {
        Console.OutputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
        GuardedWriter.Install();
        Messages.Language = SpokenLanguage.Of(args, Environment.GetEnvironmentVariable);
        try
        {
            return Run(args);
        }
        catch (UsageException error)
        {
            return Report(error.Message, ExitCode.WrongUsage);
        }
        catch (OperationCanceledException)
        {
            return ExitCode.Interrupted;
        }
        catch (IOException error) when (StandardOutput.IsClosed(error))
        {
            return 0; // whoever reads has seen enough
        }
        catch (InsufficientMemoryException error)
        {
            return Report(LibraryMessages.Translated(error.Message), ExitCode.Failure);
        }
        catch (OutOfMemoryException)
        {
            return Report(Messages.Of("error.memory"), ExitCode.Failure);
        }
        catch (Exception error) when (error is ArgumentException or FileFormatException or IOException or UnauthorizedAccessException
            or TrainingDivergedException)
        {
            return Report(Advice.Of(error), ExitCode.Failure);
        }
        catch (Exception error)
        {
            return Report(Unexpected(error), ExitCode.Failure);
        }
    }

    /// <summary>What nobody thought of: a fault of the program, whatever it was given.</summary>
    private static string Unexpected(Exception error)
    {
        Exception first = error.GetBaseException();
        string place = first.StackTrace?.Split('\n')[0].Trim() ?? "";
        return Messages.Of("error.unexpected", ("type", first.GetType().Name), ("message", first.Message), ("place", place));
    }

    private static int Run(string[] args)
    {
        RootCommand root = new AllVerbs(args.FirstOrDefault());

        // An argument that begins with @ is text like any other, and -abc is not -a -b -c.
        ParserConfiguration parsing = new() { ResponseFileTokenReplacer = null, EnablePosixBundling = false };
        ParseResult result = root.Parse(args.Length == 0 ? ["--help"] : ConfigFile.Expand(args, root), parsing);
        bool isAskedForCompletions = root.Directives.OfType<SuggestDirective>().Any(directive => result.GetResult(directive) is not null);
        if (result.Action is not HelpPage && !isAskedForCompletions)
        {
            RefuseUnknownOptions(result);
            if (result.UnmatchedTokens is [string unmatched, ..])
            {
                IEnumerable<string> verbs = result.CommandResult.Command.Subcommands.Select(verb => verb.Name);
                throw new UsageException(verbs.Any()
                    ? Messages.Of("error.no-verb", ("name", unmatched), ("suggestion", Suggestion.For(unmatched, verbs)), ("help", HelpOf(result)))
                    : Messages.Of("error.no-argument", ("name", unmatched), ("help", HelpOf(result))));
            }
            if (result.Errors is [ParseError error, ..])
                throw new UsageException(Messages.Of("error.usage", ("message", LibraryMessages.Translated(error.Message.TrimEnd('.'))), ("help", HelpOf(result))));
        }

        // Verbs listen to Ctrl-C themselves, and exceptions are for Main.
        return result.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
    }

    /// <summary>An unknown option must not pass for the value of the option before it.</summary>
    /// <exception cref="UsageException">There is one.</exception>
    private static void RefuseUnknownOptions(ParseResult arguments)
    {
        string before = "";
        foreach (Token token in arguments.Tokens)
        {
            bool looksLikeOption = token.Type == TokenType.Argument && token.Value.StartsWith("--", StringComparison.Ordinal);
            if (looksLikeOption && !TakesAnyText(before))
            {
                string[] options = [.. HelpPage.OptionsOf(arguments.CommandResult.Command).Select(option => option.Name)];
                if (options.Contains(token.Value)) // where a value should stand
                    throw new UsageException(Messages.Of("error.no-value", ("option", before), ("found", token.Value), ("help", HelpOf(arguments))));
                throw new UsageException(Messages.Of(
                    "error.no-option", ("name", token.Value), ("suggestion", Suggestion.For(token.Value, options)), ("help", HelpOf(arguments))));
            }
            before = token.Value;
        }
    }

    private static bool TakesAnyText(string option) =>
        option is OptionFactory.PromptName or OptionFactory.TextName or OptionFactory.StopName or OptionFactory.SpecialName
            or OptionFactory.PatchFromName or OptionFactory.TokenName or OptionFactory.AgainstName;

    /// <summary>The command line that shows the help of what was asked for.</summary>
    private static string HelpOf(ParseResult arguments)
    {
        string names = "--help";
        for (SymbolResult? result = arguments.CommandResult; result is CommandResult { Command: not RootCommand } command; result = result.Parent)
            names = $"{command.Command.Name} {names}";
        return $"{ProgramName.Current} {names}";
    }

    private static int Report(string message, int exitCode)
    {
        Say(message);
        return exitCode;
    }

    /// <summary>Says in one line what is wrong.</summary>
    internal static void Say(string message) => Console.Error.WriteLine(Messages.Of("error", ("message", Excerpt.Of(Visible.Line(message), LongestLine))));
}
