using System.Diagnostics;
using Xunit;

namespace MiniGpt.Tests.Cli;

/// <summary>An exception that no verb expects.</summary>
public sealed class LastResortTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void It_is_one_line_that_asks_for_a_report_and_no_stack_trace()
    {
        Dictionary<string, string> hooked = new() { ["DOTNET_STARTUP_HOOKS"] = typeof(LastResortTests).Assembly.Location };
        using Process process = Minigpt.Start(_folder.Root, hooked, "inspect", Fixtures.File("gpt2-tiny"));
        Outcome outcome = Minigpt.OutcomeOf(process);
        Assert.Equal((1, ""), (outcome.ExitCode, outcome.Output));
        Assert.Equal(outcome.Error.Length - 1, outcome.Error.IndexOf('\n'));
        Assert.StartsWith("minigpt: an error of the program itself, InvalidTimeZoneException: the clocks", outcome.Error);
        Assert.Contains("Please report it", outcome.Error, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', outcome.Error);
    }
}
