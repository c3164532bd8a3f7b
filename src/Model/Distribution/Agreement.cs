using System.Runtime.ExceptionServices;

namespace MiniGpt.Model.Distribution;

/// <summary>Something failed on one of the ranks, so that none of them goes on.</summary>
/// <param name="rank">The rank.</param>
/// <param name="reason">What it said, in one line.</param>
public sealed class RankFailedException(int rank, string reason) : IOException(reason)
{
    /// <summary>The rank.</summary>
    public int Rank => rank;
}

/// <summary>What must go well, or be the same, on all ranks before they go on.</summary>
public static class Agreement
{
    /// <summary>
    /// Does something on each rank. Where it fails on one, it fails on all of them: the first rank throws what it found itself, and whoever else has
    /// nothing to say of it a <see cref="RankFailedException"/>.
    /// </summary>
    /// <param name="ranks">The ranks.</param>
    /// <param name="action">What is done.</param>
    /// <exception cref="RankFailedException">It failed elsewhere.</exception>
    public static T Reach<T>(this ICollective ranks, Func<T> action)
    {
        if (ranks.Size == 1)
            return action();
        T? result = default;
        ExceptionDispatchInfo? failure = null;
        try
        {
            result = action();
        }
        catch (Exception error)
        {
            failure = ExceptionDispatchInfo.Capture(error);
        }

        string[] reasons = ranks.AllGather(failure is null ? "" : $"{failure.SourceException.Message} ");
        int failed = Array.FindIndex(reasons, reason => reason.Length > 0);
        if (failed < 0)
            return result!;
        if (failed == 0 && ranks.Rank == 0)
            failure!.Throw();
        throw new RankFailedException(failed, failed == 0 ? reasons[0].TrimEnd() : $"rank {failed} of {ranks.Size}: {reasons[failed].TrimEnd()}");
    }

    /// <summary>Makes sure that all ranks have the same.</summary>
    /// <param name="ranks">The ranks.</param>
    /// <param name="what">What it is called.</param>
    /// <param name="own">What this rank has.</param>
    /// <param name="nameOf">A rank as a message calls it.</param>
    /// <exception cref="RankFailedException">A rank has something else than the first one.</exception>
    public static void RequireSame(this ICollective ranks, string what, string own, Func<int, string> nameOf)
    {
        string[] all = ranks.AllGather(own);
        int other = Array.FindIndex(all, found => found != all[0]);
        if (other >= 0)
            throw new RankFailedException(other, $"{nameOf(other)} has {what} {all[other]}, {nameOf(0)} has {all[0]}: the same on all ranks expected");
    }
}
