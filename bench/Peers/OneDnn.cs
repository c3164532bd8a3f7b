using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace MiniGpt.Bench.Peers;

/// <summary>Matrix products by oneDNN, where it is installed (Debian: libdnnl2; its threads are OpenMP's).</summary>
internal static unsafe class OneDnn
{
    private static readonly nint s_library = Load();

    private static readonly delegate* unmanaged<byte, byte, long, long, long, float, float*, long, float*, long, float, float*, long, int> s_multiply =
        (delegate* unmanaged<byte, byte, long, long, long, float, float*, long, float*, long, float, float*, long, int>)Export("dnnl_sgemm");

    public static bool IsPresent => s_library != 0;

    /// <summary>Sets the number of threads for calls from this thread, where the library is there.</summary>
    public static void SetThreads(int threads)
    {
        if (IsPresent && NativeProcess.Load("libgomp.so.1", "libomp") is not 0 and nint openMp)
            ((delegate* unmanaged<int, void>)NativeLibrary.GetExport(openMp, "omp_set_num_threads"))(threads);
    }

    /// <summary>C [m, n] = A·B, row-major; a transposed operand lies in memory as [k, m] or [n, k].</summary>
    /// <exception cref="InvalidOperationException">The library refuses.</exception>
    public static void Multiply(bool transposeA, bool transposeB, int m, int n, int k, float* a, float* b, float* c)
    {
        int status = s_multiply(
            (byte)(transposeA ? 'T' : 'N'), (byte)(transposeB ? 'T' : 'N'), m, n, k, 1, a, transposeA ? m : k, b, transposeB ? k : n, 0, c, n);
        if (status != 0)
            throw new InvalidOperationException($"dnnl_sgemm answers {status}.");
    }

    private static nint Load()
    {
        if (X86Base.IsSupported && !Vector512.IsHardwareAccelerated)
            NativeProcess.SetVariable("DNNL_MAX_CPU_ISA", "AVX2");

        return NativeProcess.Load("libdnnl.so.2", "libdnnl.so.3", "libdnnl");
    }

    private static nint Export(string name) => IsPresent ? NativeLibrary.GetExport(s_library, name) : 0;
}
