using System.CommandLine;
using MiniGpt.Cli.Speech;
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
        HelpName = Mpi;
        CompletionSources.Add(Mpi);
        CustomParser = result =>
        {
            if (result.Tokens is [{ Value: Mpi }])
                return Mpi;
            result.AddError(Messages.Of("option.only", ("option", Name), ("found", string.Join(' ', result.Tokens)), ("name", Mpi)));
            return null;
        };
    }

    /// <summary>The processes that train together: this one alone where nobody started others.</summary>
    /// <exception cref="ClusterException">There are to be several, and they cannot be reached.</exception>
    public ICollective Join(ParseResult arguments) =>
        arguments.GetValue(this) is not null || MpiRanks.WereStarted ? MpiRanks.Join(line => Program.Say(LibraryMessages.Translated(line))) : OneRank.Instance;
}
