using System.ComponentModel;
using System.Diagnostics;
using MiniGpt.Cli.Speech;

namespace MiniGpt.Cli.Display;

/// <summary>The user's browser.</summary>
internal static class BrowserWindow
{
    /// <summary>Opens a page in it; where the system knows no program for that, says so.</summary>
    public static bool TryOpen(string path) => TryStart(Path.GetFullPath(path));

    /// <summary>Opens what a service shows; where the system knows no program for that, says so.</summary>
    public static bool TryOpen(Uri address) => TryStart(address.AbsoluteUri);

    private static bool TryStart(string target)
    {
        try
        {
            using Process? browser = Process.Start(new ProcessStartInfo(target) { UseShellExecute = true });
            return true;
        }
        catch (Win32Exception error)
        {
            Talk.Note(Messages.Of("page.no-browser", ("reason", error.Message)));
            return false;
        }
    }
}
