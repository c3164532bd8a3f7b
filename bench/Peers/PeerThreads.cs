using MiniGpt.Tensors.Threading;

namespace MiniGpt.Bench.Peers;

/// <summary>The same number of threads for everyone.</summary>
internal static class PeerThreads
{
    public static void Set(int threads)
    {
        Workers.Count = threads;
        OpenBlas.SetThreads(threads);
        OneDnn.SetThreads(threads);
    }
}
