using System.Reflection;
using System.Runtime.InteropServices;
using MiniGpt.Cluster;
using MiniGpt.Model.Distribution;
using MiniGpt.Model.Training;
using MiniGpt.Tensors.Simd;

namespace MiniGpt.Cli;

/// <summary>The plan of a run on all of its ranks, which must be the same everywhere.</summary>
internal static class RankedPlan
{
    // Text is tokenised once where ranks see the same folder, and by one rank of each machine where they do not.
    private const int Turns = 3;

    /// <summary>Makes it: the first rank's, then those of one rank of each other machine, then the rest.</summary>
    /// <param name="ranks">The ranks.</param>
    /// <param name="plan">Makes the plan of this rank, with the folder that the first one has chosen.</param>
    /// <exception cref="RankFailedException">Another rank has no plan, or another one.</exception>
    public static TrainPlan Make(ICollective ranks, Func<string?, TrainPlan> plan)
    {
        if (ranks.Size == 1)
            return plan(null);
        string NameOf(int rank) => ranks is MpiRanks several ? several.Name(rank) : $"rank {rank}";
        ranks.RequireSame("version", Version(), NameOf);
        ranks.RequireSame("the instruction set", InstructionSet(), NameOf);

        int own = ranks.Rank == 0 ? 0 : ranks is MpiRanks { RankHere: 0 } ? 1 : 2;
        TrainPlan? made = null;
        string? folder = null;
        try
        {
            for (int turn = 0; turn < Turns; turn++)
            {
                made = ranks.Reach(() => turn == own ? plan(folder) : made);
                if (turn == 0)
                    folder = ranks.Broadcast(made?.Folder ?? "");
            }
            ranks.RequireSame("data with the SHA-256", made!.Data.Hash, NameOf);
            ranks.RequireSame("the options", (made.Options with { Data = [], ValidationData = null }).ToJson().ReplaceLineEndings(" "), NameOf);
            return made;
        }
        catch
        {
            made?.Dispose();
            throw;
        }
    }

    private static string Version() =>
        typeof(TrainingOptions).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "of no name";

    private static string InstructionSet() => VectorWidth.Bits == 0
        ? $"{RuntimeInformation.ProcessArchitecture} without vectors"
        : $"{RuntimeInformation.ProcessArchitecture} with vectors of {VectorWidth.Bits} bits";
}
