using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace MiniGpt.Bench.Peers;

/// <summary>Matrix products by OpenBLAS, where it is installed (Debian: libopenblas0-pthread).</summary>
internal static unsafe class OpenBlas
{
    private const int RowMajor = 101;
    private const int NotTransposed = 111;
    private const int Transposed = 112;

    private static readonly nint s_library = Load();

    private static readonly delegate* unmanaged<int, int, int, int, int, int, float, float*, int, float*, int, float, float*, int, void> s_multiply =
        (delegate* unmanaged<int, int, int, int, int, int, float, float*, int, float*, int, float, float*, int, void>)Export("cblas_sgemm");

    private static readonly delegate* unmanaged<int, int, int, int, float, float*, int, float*, int, float, float*, int, void> s_multiplyVector =
        (delegate* unmanaged<int, int, int, int, float, float*, int, float*, int, float, float*, int, void>)Export("cblas_sgemv");

    private static readonly delegate* unmanaged<int, void> s_setThreads = (delegate* unmanaged<int, void>)Export("openblas_set_num_threads");

    public static bool IsPresent => s_library != 0;

    /// <summary>Sets the number of threads, where the library is there.</summary>
    public static void SetThreads(int threads)
    {
        if (IsPresent)
            s_setThreads(threads);
    }

    /// <summary>C [m, n] = A·B, row-major; a transposed operand lies in memory as [k, m] or [n, k].</summary>
    public static void Multiply(bool transposeA, bool transposeB, int m, int n, int k, float* a, float* b, float* c) =>
        s_multiply(
            RowMajor, transposeA ? Transposed : NotTransposed, transposeB ? Transposed : NotTransposed, m, n, k, 1, a, transposeA ? m : k,
            b, transposeB ? k : n, 0, c, n);

    /// <summary>y = W·x with W [rows, columns], or y = x·W where it is transposed.</summary>
    public static void MultiplyVector(bool transpose, int rows, int columns, float* w, float* x, float* y) =>
        s_multiplyVector(RowMajor, transpose ? Transposed : NotTransposed, rows, columns, 1, w, columns, x, 1, 0, y, 1);

    private static nint Load()
    {
        if (X86Base.IsSupported)
        {
            // It picks slow kernels on processors newer than itself; those of the vector width that ours run at are its fastest.
            NativeProcess.SetVariable("OPENBLAS_CORETYPE", Vector512.IsHardwareAccelerated ? "SKYLAKEX" : "HASWELL");
            NativeProcess.SetVariable("OPENBLAS_L2_SIZE", null);
        }

        // Its threads spin for a tenth of a second after their work, on the processors that the next one in turn is to be measured on: 2^22
        // cycles are one or two milliseconds, still longer than any gap between calls.
        NativeProcess.SetVariable("OPENBLAS_THREAD_TIMEOUT", "22");
        return NativeProcess.Load("libopenblas.so.0", "libopenblas");
    }

    private static nint Export(string name) => IsPresent ? NativeLibrary.GetExport(s_library, name) : 0;
}
