using MiniGpt.Cluster;
using Xunit;

namespace MiniGpt.Tests.Cluster;

public class LaunchTests
{
    [Theory]
    [InlineData("OMPI_COMM_WORLD_SIZE=4 PMIX_RANK=2", "OpenMpi", 4, true)]
    [InlineData("OMPI_COMM_WORLD_SIZE=1 PMIX_RANK=0", "OpenMpi", 1, false)]
    [InlineData("PMI_SIZE=8 PMI_RANK=0", "Pmi", 8, true)]
    [InlineData("PMI_SIZE=1 PMI_RANK=0", "Pmi", 1, false)]
    [InlineData("PMIX_RANK=3 SLURM_STEP_NUM_TASKS=16", "Pmix", 16, true)]
    [InlineData("PMIX_RANK=3", "Pmix", null, true)]
    [InlineData("SLURM_STEP_NUM_TASKS=2", "Slurm", 2, true)]
    [InlineData("SLURM_STEP_NUM_TASKS=1", "None", null, false)]
    [InlineData("SLURM_NTASKS=8", "None", null, false)] // a batch script, in which nobody started several
    [InlineData("OMPI_COMM_WORLD_SIZE=four", "None", null, false)]
    [InlineData("", "None", null, false)]
    public void The_environment_says_who_started_how_many(string environment, string launcher, int? processes, bool several)
    {
        Dictionary<string, string> variables = environment.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(text => text.Split('=')).ToDictionary(pair => pair[0], pair => pair[1]);
        Launch launch = Launch.Of(variables.GetValueOrDefault);
        Assert.Equal((launcher, processes, several), (launch.Launcher.ToString(), launch.Processes, launch.IsOfSeveral));
        Assert.Equal(launch.Launcher == Launcher.Pmix ? 3 : 0, launch.Rank);
    }
}
