using MiniGpt.Model.Files;
using Xunit;

namespace MiniGpt.Tests.Model.Formats;

/// <summary>A step of a save that failed.</summary>
/// <param name="Step">What it was.</param>
/// <param name="Path">Of which file.</param>
/// <param name="IsDone">Whether it failed once it was taken.</param>
/// <param name="IsReported">Whether the save said so. One that did not has to have done its work.</param>
internal readonly record struct DiskFault(DiskStep Step, string Path, bool IsDone, bool IsReported);

/// <summary>Lets one step of a save fail after the other: each before it is taken, and once it is.</summary>
internal static class DiskFaults
{
    /// <summary>What the disk says.</summary>
    public const string Message = "Input/output error";

    /// <summary>
    /// Does something again and again. In each turn it starts from what <paramref name="prepare"/> makes, another step fails, and
    /// <paramref name="check"/> sees what is left.
    /// </summary>
    /// <param name="least">The fewest steps that there can be: both sides of the making, the flushing and the renaming of each file.</param>
    /// <param name="stays">Whether every step behind the failing one fails as well, as if the process was gone.</param>
    /// <param name="prepare">Makes the folder that the turn starts from.</param>
    /// <param name="act">Changes it.</param>
    /// <param name="check">Is told which step failed.</param>
    public static void AtEveryStep(int least, bool stays, Action prepare, Action act, Action<DiskFault> check)
    {
        for (int fault = 0; ; fault++)
        {
            prepare();
            int step = 0;
            DiskFault? failed = null;
            bool isReported = false;
            Disk.Watch((kind, path, isDone) =>
            {
                int at = step++;
                if (at < fault || (at > fault && !stays))
                    return;
                failed ??= new(kind, path, isDone, IsReported: false);
                throw new IOException(Message);
            });
            try
            {
                act();
            }
            catch (IOException error) when (error.Message == Message)
            {
                isReported = true; // what is left is checked below
            }
            finally
            {
                Disk.Watch(null);
            }
            if (failed is not { } found)
            {
                Assert.False(isReported, "no step failed");
                Assert.InRange(step, least, 10 * least);
                return;
            }
            check(found with { IsReported = isReported });
        }
    }
}
