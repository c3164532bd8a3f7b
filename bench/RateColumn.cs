using System.Globalization;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;

namespace MiniGpt.Bench;

/// <summary>A benchmark class that knows how much work one call of its methods is.</summary>
internal interface IMeasuredWork
{
    /// <summary>What is counted: "GFLOP/s" or "GB/s".</summary>
    static abstract string Unit { get; }

    /// <summary>Operations, or bytes read and written, of one call with the parameters that are set.</summary>
    double WorkOfCall { get; }
}

/// <summary>Work a second, in billions, from the median time of a call.</summary>
internal sealed class RateColumn : IColumn
{
    public string Id => nameof(RateColumn);

    public string ColumnName => "Rate";

    public bool AlwaysShow => true;

    public ColumnCategory Category => ColumnCategory.Custom;

    public int PriorityInCategory => 0;

    public bool IsNumeric => false;

    public UnitType UnitType => UnitType.Dimensionless;

    public string Legend => "Work a second at the median time, in billions of operations or bytes";

    public bool IsAvailable(Summary summary) => true;

    public bool IsDefault(Summary summary, BenchmarkCase benchmarkCase) => false;

    public string GetValue(Summary summary, BenchmarkCase benchmarkCase) => GetValue(summary, benchmarkCase, SummaryStyle.Default);

    public string GetValue(Summary summary, BenchmarkCase benchmarkCase, SummaryStyle style)
    {
        Type type = benchmarkCase.Descriptor.Type;
        if (summary[benchmarkCase]?.ResultStatistics is not { } statistics
            || Activator.CreateInstance(type) is not IMeasuredWork measured)
        {
            return "-";
        }

        foreach (var parameter in benchmarkCase.Parameters.Items)
        {
            type.GetProperty(parameter.Name)!.SetValue(measured, parameter.Value);
        }

        string unit = (string)type.GetProperty(nameof(IMeasuredWork.Unit))!.GetValue(null)!;
        return (measured.WorkOfCall / statistics.Median).ToString("F1", CultureInfo.InvariantCulture) + " " + unit;
    }
}
