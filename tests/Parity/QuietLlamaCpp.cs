using LLama.Native;

namespace MiniGpt.Tests.Parity;

/// <summary>llama.cpp with what it says kept off the terminal, which can be asked for only before it is loaded.</summary>
internal static class QuietLlamaCpp
{
    static QuietLlamaCpp() => NativeLibraryConfig.All.WithLogCallback((_, _) => { });

    /// <summary>Comes before the first use of the library.</summary>
    public static void Begin()
    {
    }
}
