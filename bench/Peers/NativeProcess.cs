using System.Runtime.InteropServices;

namespace MiniGpt.Bench.Peers;

/// <summary>Loading of native peers, and the settings that they read from the environment when they are loaded.</summary>
internal static unsafe class NativeProcess
{
    /// <summary>Loads the first of some libraries that is installed; 0 if none is.</summary>
    public static nint Load(params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
        {
            if (NativeLibrary.TryLoad(name, out nint library))
                return library;
        }

        return 0;
    }

    /// <summary>
    /// Sets a variable for native code, or removes it for a null. On Unix, <see cref="Environment.SetEnvironmentVariable(string, string)"/> changes a
    /// copy that native code does not see.
    /// </summary>
    public static void SetVariable(string name, string? value)
    {
        Environment.SetEnvironmentVariable(name, value);
        if (OperatingSystem.IsWindows() || !NativeLibrary.TryLoad(OperatingSystem.IsMacOS() ? "libSystem.dylib" : "libc.so.6", out nint libc))
            return;

        nint nativeName = Marshal.StringToCoTaskMemUTF8(name), nativeValue = Marshal.StringToCoTaskMemUTF8(value);
        if (value is null)
            ((delegate* unmanaged<nint, int>)NativeLibrary.GetExport(libc, "unsetenv"))(nativeName);
        else
            ((delegate* unmanaged<nint, nint, int, int>)NativeLibrary.GetExport(libc, "setenv"))(nativeName, nativeValue, 1);

        Marshal.FreeCoTaskMem(nativeName);
        Marshal.FreeCoTaskMem(nativeValue);
    }
}
