using System.Reflection;
using BenchmarkDotNet.Running;
using MiniGpt.Bench.Peers;

namespace MiniGpt.Bench;

/// <summary>Marks a benchmark that does the same work by other means: what our kernel in the same class is measured against.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class PeerAttribute : Attribute
{
    /// <summary>The native library that it calls; without it the benchmark is left out.</summary>
    public NativeLibraryName Library { get; set; }

    /// <summary>Our method that does this work, in a class with more than one.</summary>
    public string? To { get; set; }

    /// <summary>Work of a call above which a slow peer is left out.</summary>
    public double MostWork { get; set; } = double.PositiveInfinity;

    /// <summary>Work of a call below which a peer says nothing, such as one of memory's speed where the caches hold all.</summary>
    public double LeastWork { get; set; }

    /// <summary>The attribute of a benchmark's method; null: it is one of ours.</summary>
    public static PeerAttribute? Of(BenchmarkCase benchmark) => benchmark.Descriptor.WorkloadMethod.GetCustomAttribute<PeerAttribute>();

    public bool CanRun(BenchmarkCase benchmark) =>
        Library switch
        {
            NativeLibraryName.OpenBlas => OpenBlas.IsPresent,
            NativeLibraryName.OneDnn => OneDnn.IsPresent,
            _ => true,
        }
        && (double.IsPositiveInfinity(MostWork) || MeasuredWork.Of(benchmark)?.OfCall <= MostWork)
        && (LeastWork == 0 || MeasuredWork.Of(benchmark)?.OfCall >= LeastWork);
}

/// <summary>Native libraries that benchmarks may call.</summary>
internal enum NativeLibraryName
{
    None,
    OpenBlas,
    OneDnn,
}
