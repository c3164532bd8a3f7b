using System.CommandLine;
using MiniGpt.Cluster;
using MiniGpt.Model.Distribution;

namespace MiniGpt.Cli.Options;

/// <summary>--cluster: whether this process trains together with others.</summary>
internal sealed class ClusterOption : Option<string?>
{
    private const string Mpi = "mpi";

    public ClusterOption()
        : base("--cluster")
    {
        Description = "mpi: train together with the other processes that mpirun or srun started, each with its share of a step's batches (--accumulate); the "
            + "result is that of one process, to the last bit. [default: mpi where mpirun or srun started more than one process]";
        HelpName = Mpi;
        CompletionSources.Add(Mpi);
        CustomParser = result =>
        {
            if (result.Tokens is [{ Value: Mpi }])
                return Mpi;
            result.AddError($"{Name}: '{string.Join(' ', result.Tokens)}' found, {Mpi} expected");
            return null;
        };
    }

    /// <summary>The processes that train together: this one alone where nobody started others.</summary>
    /// <exception cref="ClusterException">There are to be several, and they cannot be reached.</exception>
    public ICollective Join(ParseResult arguments) =>
        arguments.GetValue(this) is not null || MpiRanks.WereStarted ? MpiRanks.Join() : OneRank.Instance;
}
