using System.Diagnostics;
using MiniGpt.Model.Files;
using MiniGpt.Tensors.Memory;
using Xunit;

namespace MiniGpt.Tests.Fuzz;

/// <summary>
/// Gives broken files to a reader, which may read them or refuse them with the formats' own exception, in one line, and nothing else.
/// </summary>
internal static class Fuzzing
{
    /// <summary>The files of a run.</summary>
    public const int Cases = 20_000;

    private const long MostBytes = 64 << 20;

    // In processor time, which stands still with the machine: a case takes some tenths of a millisecond.
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(30);

    /// <summary>Runs the cases and asserts that none of them crashes, hangs or allocates more than 64 MB.</summary>
    /// <param name="seeds">Whole files that the reader accepts.</param>
    /// <param name="read">Reads a file all through.</param>
    public static void AssertSafe(IReadOnlyList<byte[]> seeds, Action<byte[]> read)
    {
        foreach (byte[] seed in seeds)
            read(seed);
        int current = 0, refused = 0;
        Exception? failure = null;
        Thread worker = new(() =>
        {
            try
            {
                Mutator mutator = new(seeds);
                for (; current < Cases; current++)
                    refused += RunCase(mutator.Make(current), read) ? 0 : 1;
            }
            catch (Exception error)
            {
                failure = error;
            }
        });
        worker.IsBackground = true;
        worker.Start();
        AssertAlive(worker, () => Volatile.Read(ref current));
        Assert.True(failure is null, $"case {current}: {failure}");
        Assert.InRange(refused, Cases / 10, Cases - 1); // most files are broken, and not all of them for the same reason
    }

    private static bool RunCase(byte[] file, Action<byte[]> read)
    {
        long before = Allocated();
        bool accepted = true;
        try
        {
            read(file);
        }
        catch (FileFormatException error)
        {
            accepted = false;
            Assert.DoesNotContain('\n', error.Message);
        }
        Assert.InRange(Allocated() - before, 0, MostBytes);
        return accepted;
    }

    private static long Allocated() => GC.GetAllocatedBytesForCurrentThread() + AlignedMemory.AllocatedBytesForCurrentThread;

    private static void AssertAlive(Thread worker, Func<int> current)
    {
        using Process process = Process.GetCurrentProcess();
        int last = -1;
        TimeSpan since = default;
        while (!worker.Join(TimeSpan.FromMilliseconds(50)))
        {
            process.Refresh();
            TimeSpan now = process.TotalProcessorTime;
            if (current() is var number && number != last)
                (last, since) = (number, now);
            Assert.True(now - since < s_longest, $"case {last} does not end");
        }
    }
}
