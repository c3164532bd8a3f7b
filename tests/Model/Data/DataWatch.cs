using MiniGpt.Model.Data;

namespace MiniGpt.Tests.Model.Data;

/// <summary>Sees how far the preparation of data has come, at once and on the thread that prepares it.</summary>
internal sealed class DataWatch(Action<DataProgress> see) : IProgress<DataProgress>
{
    public void Report(DataProgress value) => see(value);
}
