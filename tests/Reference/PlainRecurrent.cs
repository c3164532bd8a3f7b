namespace MiniGpt.Tests.Reference;

/// <summary>
/// A step of recurrent networks for one unit of one example as plain formulas in double, and its derivatives as differences: what the cells
/// mean, without how they are made fast.
/// </summary>
public static class PlainRecurrent
{
    public static double Rnn(double x, double u) => Math.Tanh(x + u);

    /// <summary>Gates in the order reset, update, candidate.</summary>
    public static double Gru(ReadOnlySpan<double> x, ReadOnlySpan<double> u, double stateBefore)
    {
        double r = Sigmoid(x[0] + u[0]), z = Sigmoid(x[1] + u[1]), n = Math.Tanh(x[2] + r * u[2]);
        return (1 - z) * n + z * stateBefore;
    }

    /// <summary>Gates in the order input, forget, candidate, output.</summary>
    public static (double State, double Cell) Lstm(ReadOnlySpan<double> x, ReadOnlySpan<double> u, double cellBefore)
    {
        double cell = Sigmoid(x[1] + u[1]) * cellBefore + Sigmoid(x[0] + u[0]) * Math.Tanh(x[2] + u[2]);
        return (Sigmoid(x[3] + u[3]) * Math.Tanh(cell), cell);
    }

    /// <summary>The five-point derivative of a function at 0.</summary>
    public static double Slope(Func<double, double> function)
    {
        const double Step = 1e-3;
        return (function(-2 * Step) - 8 * function(-Step) + 8 * function(Step) - function(2 * Step)) / (12 * Step);
    }

    private static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));
}
