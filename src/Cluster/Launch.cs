using System.Globalization;

namespace MiniGpt.Cluster;

/// <summary>Who starts processes that belong together.</summary>
internal enum Launcher
{
    /// <summary>Nobody: this process was started by itself.</summary>
    None,

    /// <summary>mpirun of Open MPI.</summary>
    OpenMpi,

    /// <summary>mpirun (hydra) of MPICH and its relatives, or another one that speaks PMI.</summary>
    Pmi,

    /// <summary>srun of Slurm, or another one that speaks PMIx.</summary>
    Pmix,

    /// <summary>srun of Slurm, which was not asked to help MPI.</summary>
    Slurm,
}

/// <summary>How this process was started, as its environment says.</summary>
/// <param name="Launcher">By whom.</param>
/// <param name="Processes">How many processes were started together; null where nobody says it.</param>
internal readonly record struct Launch(Launcher Launcher, int? Processes)
{
    /// <summary>The number of this process among them, as the launcher counts them; 0 where nobody says it.</summary>
    public int Rank { get; private init; }

    /// <summary>Whether several processes were started to work together, or it is not known.</summary>
    public bool IsOfSeveral => Launcher != Launcher.None && Processes is not 1;

    /// <summary>The launcher's name.</summary>
    public string Name => Launcher switch
    {
        Launcher.OpenMpi => "mpirun of Open MPI",
        Launcher.Pmi => "an mpirun that speaks PMI",
        Launcher.Pmix => "a launcher that speaks PMIx",
        Launcher.Slurm => "srun",
        _ => "nobody",
    };

    /// <summary>Reads the environment.</summary>
    /// <param name="variable">Gives the value of a variable, or null.</param>
    public static Launch Of(Func<string, string?> variable)
    {
        if (Count("OMPI_COMM_WORLD_SIZE") is int open)
            return new(Launcher.OpenMpi, open) { Rank = Number("OMPI_COMM_WORLD_RANK") ?? 0 };
        if (Count("PMI_SIZE") is int pmi)
            return new(Launcher.Pmi, pmi) { Rank = Number("PMI_RANK") ?? 0 };
        int? ofStep = Count("SLURM_STEP_NUM_TASKS");
        if (variable("PMIX_RANK") is not null)
            return new(Launcher.Pmix, ofStep) { Rank = Number("PMIX_RANK") ?? 0 };
        return ofStep is > 1 ? new(Launcher.Slurm, ofStep) { Rank = Number("SLURM_PROCID") ?? 0 } : new(Launcher.None, null);

        int? Count(string name) => Number(name) is int count and > 0 ? count : null;

        int? Number(string name) => int.TryParse(variable(name), NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : null;
    }
}
