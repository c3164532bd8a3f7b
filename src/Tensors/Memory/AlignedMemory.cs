using System.Runtime.InteropServices;

namespace MiniGpt.Tensors.Memory;

/// <summary>A block of native memory that starts on a cache line, where vectors never straddle two lines. Its content is not cleared.</summary>
public sealed unsafe class AlignedMemory : IDisposable
{
    /// <summary>The alignment in bytes: a cache line, and the widest vector.</summary>
    public const int Alignment = 64;

    // A small object of the collector's stands for the block: it is told what hangs on it where that is worth a collection.
    private const long Heavy = 64 << 10;

    [ThreadStatic]
    private static long t_allocated;

    private void* _pointer;

    /// <summary>Allocates a block.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="bytes"/> is negative.</exception>
    /// <exception cref="OutOfMemoryException">The system has no such block.</exception>
    public AlignedMemory(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        Bytes = bytes;
        _pointer = NativeMemory.AlignedAlloc((nuint)Math.Max(bytes, 1), HugePages.Alignment(bytes));
        HugePages.Advise(_pointer, bytes);
        if (bytes >= Heavy)
            GC.AddMemoryPressure(bytes);

        t_allocated += bytes;
    }

    /// <summary>Frees the block if nobody disposed of it.</summary>
    ~AlignedMemory() => Free();

    /// <summary>
    /// The bytes that this thread has allocated so far, freed ones included: the twin of <see cref="GC.GetAllocatedBytesForCurrentThread"/>.
    /// </summary>
    public static long AllocatedBytesForCurrentThread => t_allocated;

    /// <summary>The block's size in bytes.</summary>
    public long Bytes { get; }

    internal void* Pointer
    {
        get
        {
            ObjectDisposedException.ThrowIf(_pointer is null, this);
            return _pointer;
        }
    }

    /// <summary>Frees the block; tensors over it must not be used any more.</summary>
    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        if (_pointer is not null && Bytes >= Heavy)
            GC.RemoveMemoryPressure(Bytes);

        NativeMemory.AlignedFree(_pointer);
        _pointer = null;
    }
}
