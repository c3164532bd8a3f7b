using System.CommandLine;
using System.Runtime.InteropServices;
using MiniGpt.Cli.Display;
using MiniGpt.Cli.Options;
using MiniGpt.Tensors.Threading;

namespace MiniGpt.Cli.Verbs;

/// <summary>One verb of the command line. Every verb takes --threads, which those that compute nothing do not show, and ends early on Ctrl-C, SIGTERM and a closed terminal.</summary>
internal abstract class Verb : Command
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(0.7);

    private readonly ThreadsOption _threads = new();
    private volatile bool _endsInGoodOrder;

    /// <param name="name">Its name.</param>
    /// <param name="computes">Whether more threads make it faster: where they do not, --threads is taken from scripts that give it to all verbs, and not offered.</param>
    protected Verb(string name, bool computes = true)
        : base(name)
    {
        _threads.Hidden = !computes;
        Options.Add(_threads);
        SetAction(Start);
    }

    /// <summary>Does the verb's work and returns the exit code.</summary>
    protected abstract int Run(ParseResult arguments, CancellationToken cancellationToken);

    private static readonly PosixSignal[] s_endings = [PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP];

    private int Start(ParseResult arguments)
    {
        Workers.Count = arguments.GetValue(_threads);
        using CancellationTokenSource interrupt = new();
        bool isDone = false;
        PosixSignalRegistration[] registrations = Array.ConvertAll(s_endings, signal => PosixSignalRegistration.Create(signal, Cancel));
        try
        {
            return Run(arguments, interrupt.Token);
        }
        finally
        {
            isDone = true;
            Array.ForEach(registrations, registration => registration.Dispose());
        }

        // The first signal asks; a second one, left to itself, ends the process.
        void Cancel(PosixSignalContext signal)
        {
            signal.Cancel = !interrupt.IsCancellationRequested;
            if (!signal.Cancel)
                LiveFrame.End();
            interrupt.Cancel();
            _ = EndWithoutWork();
        }

        // What has nothing to save need not be waited for where it looks at nobody for long, as the reading of a large model does.
        async Task EndWithoutWork()
        {
            await Task.Delay(s_patience).ConfigureAwait(false);
            if (isDone || _endsInGoodOrder)
                return;
            LiveFrame.End();
            Environment.Exit(ExitCode.Interrupted);
        }
    }

    /// <summary>Ends when the verb is interrupted.</summary>
    protected static Task Interruption(CancellationToken cancellationToken) => Task.Delay(Timeout.Infinite, cancellationToken)
        .ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);

    /// <summary>From here on an interruption waits until the verb has ended by itself: it has something to save.</summary>
    protected void EndInGoodOrder() => _endsInGoodOrder = true;
}
