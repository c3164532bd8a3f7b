namespace MiniGpt.Tensors.Kernels;

/// <summary>How kernels cut their work: by its size alone, so that results do not depend on the number of threads.</summary>
internal static class Chunks
{
    /// <summary>Elements in a chunk: some microseconds of work, and small enough to stay in a core's nearest caches.</summary>
    public const int Elements = 16384;

    /// <summary>The number of chunks that cover this many elements.</summary>
    public static int Covering(long elements) => checked((int)((elements + Elements - 1) / Elements));

    /// <summary>The first element of a chunk and the number of elements from there to the end of the last one.</summary>
    public static (long First, int Count) Range(int start, int end, long elements)
    {
        long first = (long)start * Elements;
        return (first, (int)Math.Max(0, Math.Min(elements, (long)end * Elements) - first));
    }

    /// <summary>The number of rows that make a chunk.</summary>
    public static int Rows(int columns) => Math.Max(1, Elements / Math.Max(1, columns));
}
