using System.Text;
using MiniGpt.Tests.Cli;

#pragma warning disable CA1050 // the runtime looks for this name outside of any namespace
/// <summary>
/// What the runtime runs before the program where DOTNET_STARTUP_HOOKS names this assembly: commands from a pipe take the program's place, or
/// standard output gets a fault of a kind that nobody expects.
/// </summary>
internal static class StartupHook
{
    public static void Initialize()
    {
        if (Environment.GetEnvironmentVariable(WarmCommands.PipeVariable) is string pipe)
            WarmCommands.Serve(pipe);
        else
            Console.SetOut(new Faulty());
    }

    private sealed class Faulty : TextWriter
    {
        public override Encoding Encoding => Encoding.UTF8;

        public override void Write(ReadOnlySpan<char> buffer) => throw new InvalidTimeZoneException("the clocks\nof \u001b[31mnowhere");
    }
}
