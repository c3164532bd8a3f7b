using System.Runtime.InteropServices;

namespace MiniGpt.Cluster;

/// <summary>
/// The functions of MPI that are called, as the standard has them. Handles are as wide as a pointer here: an implementation whose handles are
/// integers of 32 bits reads the lower half.
/// </summary>
internal static class MpiNative
{
    /// <summary>The name by which <see cref="MpiLibrary"/> gives the library that was loaded.</summary>
    public const string Library = "mpi";

    [DllImport(Library, EntryPoint = "MPI_Get_library_version")]
    public static extern int GetLibraryVersion(ref byte version, out int length);

    [DllImport(Library, EntryPoint = "MPI_Init_thread")]
    public static extern int InitThread(nint argumentCount, nint arguments, int required, out int provided);

    [DllImport(Library, EntryPoint = "MPI_Finalize")]
    public static extern int Finalize();

    [DllImport(Library, EntryPoint = "MPI_Abort")]
    public static extern int Abort(nint communicator, int exitCode);

    [DllImport(Library, EntryPoint = "MPI_Comm_rank")]
    public static extern int CommRank(nint communicator, out int rank);

    [DllImport(Library, EntryPoint = "MPI_Comm_size")]
    public static extern int CommSize(nint communicator, out int size);

    [DllImport(Library, EntryPoint = "MPI_Ibarrier")]
    public static extern int StartBarrier(nint communicator, out nint request);

    [DllImport(Library, EntryPoint = "MPI_Ibcast")]
    public static extern int StartBroadcast(ref byte data, int count, nint type, int root, nint communicator, out nint request);

    [DllImport(Library, EntryPoint = "MPI_Iallgather")]
    public static extern int StartAllGather(
        ref byte own, int ownCount, nint ownType, ref byte all, int countOfEach, nint type, nint communicator, out nint request);

    [DllImport(Library, EntryPoint = "MPI_Isend")]
    public static extern int StartSend(ref byte data, int count, nint type, int to, int tag, nint communicator, out nint request);

    [DllImport(Library, EntryPoint = "MPI_Irecv")]
    public static extern int StartReceive(ref byte data, int count, nint type, int from, int tag, nint communicator, out nint request);

    [DllImport(Library, EntryPoint = "MPI_Test")]
    public static extern int Test(ref nint request, out int isDone, nint status);
}
