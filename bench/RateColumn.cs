using System.Globalization;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using MiniGpt.Tensors.Kernels;
using MiniGpt.Tensors.Threading;

namespace MiniGpt.Bench;

/// <summary>Work a second, in billions, from the median time of a call.</summary>
internal sealed class RateColumn() : WorkColumn("Rate", "Work a second at the median time, in billions of operations or bytes")
{
    protected override string Show(MeasuredWork work, double nanoseconds, int threads) =>
        (work.OfCall / nanoseconds).ToString("F1", CultureInfo.InvariantCulture) + " " + work.Unit;
}

/// <summary>The rate beside what the multiply-add units of as many threads can do, measured in the same process.</summary>
internal sealed class CeilingColumn() : WorkColumn("Share", "Rate as a share of the multiply-add ceiling of as many threads, measured in this process")
{
    private static readonly Dictionary<int, double> s_ceilings = [];

    protected override string Show(MeasuredWork work, double nanoseconds, int threads)
    {
        if (work.Unit != MeasuredWork.Flops)
            return "-";

        if (!s_ceilings.TryGetValue(threads, out double ceiling))
        {
            Workers.Count = threads;
            s_ceilings[threads] = ceiling = FmaCeiling.Measure<float>(TimeSpan.FromMilliseconds(200));
        }

        return (1e9 * work.OfCall / nanoseconds / ceiling).ToString("P0", CultureInfo.InvariantCulture);
    }
}

/// <summary>A column that is made from the work of a call and its median time.</summary>
internal abstract class WorkColumn(string name, string legend) : IColumn
{
    public string Id => ColumnName;

    public string ColumnName => name;

    public bool AlwaysShow => true;

    public ColumnCategory Category => ColumnCategory.Custom;

    public int PriorityInCategory => 0;

    public bool IsNumeric => false;

    public UnitType UnitType => UnitType.Dimensionless;

    public string Legend => legend;

    public bool IsAvailable(Summary summary) => true;

    public bool IsDefault(Summary summary, BenchmarkCase benchmarkCase) => false;

    public string GetValue(Summary summary, BenchmarkCase benchmarkCase) => GetValue(summary, benchmarkCase, SummaryStyle.Default);

    public string GetValue(Summary summary, BenchmarkCase benchmarkCase, SummaryStyle style) =>
        summary[benchmarkCase]?.ResultStatistics is { } statistics && MeasuredWork.Of(benchmarkCase) is { } work
            ? Show(work, statistics.Median, MeasuredWork.Threads(benchmarkCase))
            : "-";

    protected abstract string Show(MeasuredWork work, double nanoseconds, int threads);
}
