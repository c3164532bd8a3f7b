namespace MiniGpt.Cluster;

/// <summary>What differs between implementations of MPI for a program that was not compiled for one of them.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="World">The communicator of all ranks; 0 where it is the address of <see cref="WorldSymbol"/>.</param>
/// <param name="Byte">The type of a byte; 0 where it is the address of <see cref="ByteSymbol"/>.</param>
/// <param name="IgnoredStatus">What is given where nobody asks how a message came.</param>
/// <param name="Serialized">The level of threads of which one at a time calls.</param>
internal sealed record MpiKind(string Name, nint World, nint Byte, nint IgnoredStatus, int Serialized)
{
    /// <summary>Open MPI, whose handles are addresses of objects that the library exports.</summary>
    public static MpiKind OpenMpi { get; } = new("Open MPI", 0, 0, 0, 2) { WorldSymbol = "ompi_mpi_comm_world", ByteSymbol = "ompi_mpi_byte" };

    /// <summary>MPICH and what has its binary interface, such as Intel MPI: handles are integers.</summary>
    public static MpiKind Mpich { get; } = new("MPICH", 0x44000000, 0x4c00010d, 1, 2);

    /// <summary>Any implementation through the binary interface that version 5 of the standard defines.</summary>
    public static MpiKind Standard { get; } = new("the standard interface of MPI 5", 0x101, 0x247, 0, 2048);

    /// <summary>The exported object that is the communicator of all ranks.</summary>
    public string WorldSymbol { get; private init; } = "";

    /// <summary>The exported object that is the type of a byte.</summary>
    public string ByteSymbol { get; private init; } = "";
}
