using MiniGpt.Cluster;
using Xunit;

namespace MiniGpt.Tests.Cluster;

public class MpiLibraryTests
{
    [Theory]
    [InlineData("libmpi.so.40", "Open MPI v4.1.4, package: Debian OpenMPI, ident: 4.1.4", "Open MPI", "Open MPI v4.1.4")]
    [InlineData("libmpi.so.40", "Open MPI v5.0.3, package: Open MPI", "Open MPI", "Open MPI v5.0.3")]
    [InlineData("libmpich.so.12", "MPICH Version:      4.0.2\nMPICH Release date: x", "MPICH", "MPICH 4.0.2")]
    [InlineData("/opt/intel/libmpi.so.12", "Intel(R) MPI Library 2021.9 for Linux* OS\n", "MPICH", "Intel(R) MPI Library 2021.9 for Linux* OS")]
    [InlineData("libmpi.so.12", "CRAY MPICH version 8.1 (ANL base 3.4a2)", "MPICH", "CRAY MPICH version 8.1 (ANL base 3.4a2)")]
    [InlineData("/usr/lib/libmpi_abi.so.0", "MPICH Version: 5.0.0", "the standard interface of MPI 5", "MPICH 5.0.0")]
    public void A_library_is_known_by_what_it_says_of_itself(string file, string version, string kind, string name)
    {
        Assert.Equal(kind, MpiLibrary.KindOf(file, version).Name);
        Assert.Equal(name, MpiLibrary.ShortName(version));
    }

    [Fact]
    public void Another_library_is_refused_by_its_name() => Assert.Equal(
        "libmpi.so is 'LAM 7': Open MPI, MPICH or a library with MPICH's interface expected",
        Assert.Throws<ClusterException>(() => MpiLibrary.KindOf("libmpi.so", "LAM 7")).Message);

    [Fact]
    public void Handles_are_those_of_the_headers()
    {
        // mpi.h of MPICH 4.0 and of the standard's binary interface.
        Assert.Equal((0x44000000, 0x4c00010d, 1), (MpiKind.Mpich.World, MpiKind.Mpich.Byte, MpiKind.Mpich.IgnoredStatus));
        Assert.Equal((0x101, 0x247, 0), (MpiKind.Standard.World, MpiKind.Standard.Byte, MpiKind.Standard.IgnoredStatus));
        Assert.Equal(("ompi_mpi_comm_world", "ompi_mpi_byte"), (MpiKind.OpenMpi.WorldSymbol, MpiKind.OpenMpi.ByteSymbol));
    }
}
