using MiniGpt.Model.Files;

namespace MiniGpt.Tests.Model.Formats;

/// <summary>Lets one step of a save fail after the other: each before it is taken, and once it is.</summary>
internal static class DiskFaults
{
    /// <summary>What the disk says.</summary>
    public const string Message = "Input/output error";

    /// <summary>
    /// Does something again and again. In each turn it starts from what <paramref name="prepare"/> makes, another step fails, and
    /// <paramref name="check"/> sees what is left. Returns how many steps there were.
    /// </summary>
    /// <param name="stays">Whether every step behind the failing one fails as well, as if the process was gone.</param>
    /// <param name="prepare">Makes the folder that the turn starts from.</param>
    /// <param name="act">Changes it.</param>
    /// <param name="check">Is told which step failed.</param>
    public static int AtEveryStep(bool stays, Action prepare, Action act, Action<(DiskStep Step, string Path, bool IsDone)> check)
    {
        for (int fault = 0; ; fault++)
        {
            prepare();
            int step = 0;
            (DiskStep, string, bool)? failed = null;
            Disk.Watch((kind, path, isDone) =>
            {
                int at = step++;
                if (at < fault || (at > fault && !stays))
                    return;
                failed ??= (kind, path, isDone);
                throw new IOException(Message);
            });
            try
            {
                act();
            }
            catch (IOException error) when (error.Message == Message)
            {
                // What is left is checked below.
            }
            finally
            {
                Disk.Watch(null);
            }
            if (failed is not { } found)
                return step;
            check(found);
        }
    }
}
