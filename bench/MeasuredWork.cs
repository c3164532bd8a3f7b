using BenchmarkDotNet.Running;

namespace MiniGpt.Bench;

/// <summary>A benchmark class that knows how much work one call of its methods is.</summary>
internal interface IMeasuredWork
{
    /// <summary>What is counted: <see cref="MeasuredWork.Flops"/> or <see cref="MeasuredWork.Bytes"/>.</summary>
    static abstract string Unit { get; }

    /// <summary>Operations, or bytes read and written, of one call with the parameters that are set.</summary>
    double WorkOfCall { get; }
}

/// <summary>The work of a benchmark with its parameters.</summary>
/// <param name="Unit">What is counted, in billions a second.</param>
/// <param name="OfCall">Operations or bytes of one call.</param>
internal sealed record MeasuredWork(string Unit, double OfCall)
{
    public const string Flops = "GFLOP/s";
    public const string Bytes = "GB/s";

    /// <summary>The work of a benchmark whose class says it; null for others.</summary>
    public static MeasuredWork? Of(BenchmarkCase benchmark) =>
        Create(benchmark) is IMeasuredWork measured ? new MeasuredWork(UnitOf(benchmark.Descriptor.Type), measured.WorkOfCall) : null;

    /// <summary>What a benchmark class that implements <see cref="IMeasuredWork"/> counts.</summary>
    public static string UnitOf(Type type) => (string)type.GetProperty(nameof(IMeasuredWork.Unit))!.GetValue(null)!;

    /// <summary>An object of the benchmark's class with its parameters set, before its setup.</summary>
    public static object Create(BenchmarkCase benchmark)
    {
        Type type = benchmark.Descriptor.Type;
        object instance = Activator.CreateInstance(type)!;
        foreach (var parameter in benchmark.Parameters.Items)
            type.GetProperty(parameter.Name)!.SetValue(instance, parameter.Value);

        return instance;
    }

    /// <summary>The parameter called Threads; 1 for a class without one.</summary>
    public static int Threads(BenchmarkCase benchmark) =>
        benchmark.Parameters.Items.FirstOrDefault(parameter => parameter.Name == nameof(Threads))?.Value as int? ?? 1;
}
