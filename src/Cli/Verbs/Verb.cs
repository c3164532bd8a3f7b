using System.CommandLine;
using System.Runtime.InteropServices;
using MiniGpt.Cli.Options;
using MiniGpt.Tensors.Threading;

namespace MiniGpt.Cli.Verbs;

/// <summary>One verb of the command line. Every verb takes --threads, shows an example in its help, and ends early on Ctrl-C, SIGTERM and a closed terminal.</summary>
internal abstract class Verb : Command, IHasExample
{
    private readonly ThreadsOption _threads = new();

    protected Verb(string name, string description)
        : base(name, description)
    {
        Options.Add(_threads);
        SetAction(Start);
    }

    /// <summary>A worked example for the help.</summary>
    public abstract string Example { get; }

    /// <summary>Does the verb's work and returns the exit code.</summary>
    protected abstract int Run(ParseResult arguments, CancellationToken cancellationToken);

    private static readonly PosixSignal[] s_endings = [PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP];

    private int Start(ParseResult arguments)
    {
        Workers.Count = arguments.GetValue(_threads);
        using CancellationTokenSource interrupt = new();
        PosixSignalRegistration[] registrations = Array.ConvertAll(s_endings, signal => PosixSignalRegistration.Create(signal, Cancel));
        try
        {
            return Run(arguments, interrupt.Token);
        }
        finally
        {
            Array.ForEach(registrations, registration => registration.Dispose());
        }

        // The first signal asks; a second one, left to itself, ends the process.
        void Cancel(PosixSignalContext signal)
        {
            signal.Cancel = !interrupt.IsCancellationRequested;
            interrupt.Cancel();
        }
    }
}
