using System.Runtime.InteropServices;
using System.Text;

namespace MiniGpt.Model.Distribution;

/// <summary>Texts and numbers of any length between ranks.</summary>
public static class CollectiveText
{
    /// <summary>The text of one rank, on all of them.</summary>
    /// <param name="ranks">The ranks.</param>
    /// <param name="text">The text, on the rank that it comes from; any other elsewhere.</param>
    /// <param name="root">The rank that it comes from.</param>
    public static string Broadcast(this ICollective ranks, string text, int root = 0)
    {
        byte[] bytes = ranks.Rank == root ? Encoding.UTF8.GetBytes(text) : [];
        Span<int> length = [bytes.Length];
        ranks.Broadcast(MemoryMarshal.AsBytes(length), root);
        if (ranks.Rank != root)
            bytes = new byte[length[0]];
        ranks.Broadcast(bytes, root);
        return Encoding.UTF8.GetString(bytes);
    }

    /// <summary>The texts of all ranks, on all of them.</summary>
    public static string[] AllGather(this ICollective ranks, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        int[] lengths = ranks.AllGather(bytes.Length);
        int longest = lengths.Max();
        byte[] own = new byte[longest], all = new byte[longest * ranks.Size];
        bytes.CopyTo(own, 0);
        ranks.AllGather(own, all);
        return [.. lengths.Select((length, rank) => Encoding.UTF8.GetString(all, rank * longest, length))];
    }

    /// <summary>A number of each rank, on all of them.</summary>
    public static T[] AllGather<T>(this ICollective ranks, T number)
        where T : unmanaged
    {
        T[] all = new T[ranks.Size];
        ranks.AllGather(MemoryMarshal.AsBytes(new ReadOnlySpan<T>(ref number)), MemoryMarshal.AsBytes(all.AsSpan()));
        return all;
    }
}
