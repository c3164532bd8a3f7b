using System.Diagnostics;
using System.Globalization;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Threading;

namespace MiniGpt.Bench.Kernels;

/// <summary>Prints the median time of a softmax on one thread, for bench/Peers/race-softmax.</summary>
internal static class SoftmaxSpeed
{
    private static readonly TimeSpan s_warmUp = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_measured = TimeSpan.FromSeconds(2);

    /// <summary>Prints microseconds.</summary>
    public static int Run(ReadOnlySpan<string> arguments)
    {
        if (arguments.Length != 2
            || !int.TryParse(arguments[0], CultureInfo.InvariantCulture, out int rows) || rows < 1
            || !int.TryParse(arguments[1], CultureInfo.InvariantCulture, out int columns) || columns < 1)
        {
            Console.Error.WriteLine($"softmax: the number of rows and of columns expected, not '{string.Join(' ', arguments)}'");
            return 2;
        }

        Workers.Count = 1;
        Tensor<float> x = Inputs.Normal(rows, columns), y = new(x.Shape);
        Repeat(x, y, s_warmUp);
        Thread.Sleep(200); // the JIT replaces its first code in the background
        Repeat(x, y, s_warmUp);
        List<double> times = Repeat(x, y, s_measured);
        times.Sort();
        Console.WriteLine(times[times.Count / 2].ToString("F1", CultureInfo.InvariantCulture));
        return 0;
    }

    private static List<double> Repeat(Tensor<float> x, Tensor<float> y, TimeSpan duration)
    {
        var times = new List<double>();
        long start = Stopwatch.GetTimestamp();
        while (times.Count < 20 || Stopwatch.GetElapsedTime(start) < duration)
        {
            long before = Stopwatch.GetTimestamp();
            Tensors.Kernels.Softmax.Forward(x, y);
            times.Add(Stopwatch.GetElapsedTime(before).TotalMicroseconds);
        }

        return times;
    }
}
