using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Exporters;
using BenchmarkDotNet.Filters;
using BenchmarkDotNet.Loggers;

namespace MiniGpt.Bench;

/// <summary>
/// What every benchmark shows: times, bytes allocated on the managed heap, the rate of work that a time means, and its share of the ceiling.
/// Peers whose library is not installed are left out.
/// </summary>
internal sealed class KernelConfig : ManualConfig
{
    public KernelConfig()
    {
        AddLogger(ConsoleLogger.Default);
        AddColumnProvider(DefaultColumnProviders.Instance);
        AddColumn(new RateColumn(), new CeilingColumn());
        AddDiagnoser(MemoryDiagnoser.Default);
        AddExporter(MarkdownExporter.GitHub);
        AddFilter(new SimpleFilter(benchmark => PeerAttribute.Of(benchmark)?.CanRun(benchmark) ?? true));
    }
}
