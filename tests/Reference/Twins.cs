namespace MiniGpt.Tests.Reference;

/// <summary>The kernels as plain loops in double over row-major arrays: what they mean, without how they are made fast.</summary>
public static class Twins
{
    public static double[] Softmax(double[] x, int columns)
    {
        var y = new double[x.Length];
        for (int first = 0; first < x.Length; first += columns)
        {
            double max = double.NegativeInfinity, sum = 0;
            for (int i = 0; i < columns; i++)
                max = Math.Max(max, x[first + i]);

            for (int i = 0; i < columns; i++)
                sum += Math.Exp(x[first + i] - max);

            for (int i = 0; i < columns; i++)
                y[first + i] = double.IsNegativeInfinity(max) ? 0 : Math.Exp(x[first + i] - max) / sum;
        }

        return y;
    }

    public static double[] SoftmaxGradient(double[] y, double[] dy, int columns)
    {
        var dx = new double[y.Length];
        for (int first = 0; first < y.Length; first += columns)
        {
            double dot = 0;
            for (int i = 0; i < columns; i++)
                dot += y[first + i] * dy[first + i];

            for (int i = 0; i < columns; i++)
                dx[first + i] = y[first + i] * (dy[first + i] - dot);
        }

        return dx;
    }

    /// <summary>ln Σ e^x of each row.</summary>
    public static double[] LogSumExp(double[] x, int columns)
    {
        var result = new double[x.Length / columns];
        for (int row = 0; row < result.Length; row++)
        {
            double max = x.AsSpan(row * columns, columns).ToArray().Max(), sum = 0;
            for (int i = 0; i < columns; i++)
                sum += Math.Exp(x[row * columns + i] - max);

            result[row] = max + Math.Log(sum);
        }

        return result;
    }

    public static (double[] Y, double[] Mean, double[] InverseDeviation) LayerNorm(
        double[] x, double[] gain, double[] bias, double epsilon)
    {
        int columns = gain.Length;
        var y = new double[x.Length];
        var means = new double[x.Length / columns];
        var inverses = new double[x.Length / columns];
        for (int row = 0; row < means.Length; row++)
        {
            double mean = 0, variance = 0;
            for (int i = 0; i < columns; i++)
                mean += x[row * columns + i] / columns;

            for (int i = 0; i < columns; i++)
                variance += Math.Pow(x[row * columns + i] - mean, 2) / columns;

            (means[row], inverses[row]) = (mean, 1 / Math.Sqrt(variance + epsilon));
            for (int i = 0; i < columns; i++)
                y[row * columns + i] = (x[row * columns + i] - mean) * inverses[row] * gain[i] + bias[i];
        }

        return (y, means, inverses);
    }

    /// <summary>Of (x - mean) · inverse · gain + bias; RMSNorm is not <paramref name="centred"/>: its mean is 0 and stays so.</summary>
    public static (double[] Dx, double[] Dgain, double[] Dbias) NormGradients(
        double[] x, double[] gain, double[] means, double[] inverses, double[] dy, bool centred)
    {
        int columns = gain.Length;
        var dx = new double[x.Length];
        var dgain = new double[columns];
        var dbias = new double[columns];
        for (int row = 0; row < means.Length; row++)
        {
            double sum = 0, product = 0;
            for (int i = 0; i < columns; i++)
            {
                int at = row * columns + i;
                double normal = (x[at] - means[row]) * inverses[row];
                sum += dy[at] * gain[i] / columns;
                product += dy[at] * gain[i] * normal / columns;
                dgain[i] += dy[at] * normal;
                dbias[i] += dy[at];
            }

            for (int i = 0; i < columns; i++)
            {
                int at = row * columns + i;
                double normal = (x[at] - means[row]) * inverses[row];
                dx[at] = inverses[row] * (dy[at] * gain[i] - (centred ? sum : 0) - normal * product);
            }
        }

        return (dx, dgain, dbias);
    }

    /// <summary>Sums x, [outer, size, inner], over its middle axis.</summary>
    public static double[] Sum(double[] x, int outer, int size, int inner)
    {
        var sums = new double[outer * inner];
        for (int o = 0; o < outer; o++)
        {
            for (int s = 0; s < size; s++)
            {
                for (int i = 0; i < inner; i++)
                    sums[o * inner + i] += x[(o * size + s) * inner + i];
            }
        }

        return sums;
    }
}
