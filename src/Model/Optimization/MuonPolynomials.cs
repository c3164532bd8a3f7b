using MiniGpt.Tensors.Kernels;

namespace MiniGpt.Model.Optimization;

/// <summary>The polynomials by which <see cref="MuonUpdate{T}"/> brings singular values near 1.</summary>
public static class MuonPolynomials
{
    // Below this relative width of the interval the best polynomial is, in double precision, its limit.
    private const double NarrowInterval = 5e-6;

    private const int MostExchanges = 100;

    /// <summary>
    /// Five equal steps (Jordan et al. 2024): singular values from 0.002 of the norm on end between 0.68 and 1.21. They do not converge, since
    /// the slope at 0 was made as large as possible.
    /// </summary>
    public static IReadOnlyList<OddQuintic> Jordan { get; } = [.. Enumerable.Repeat(new OddQuintic(3.4445, -4.7750, 2.0315), 5)];

    /// <summary>
    /// Four steps that end between 0.80 and 1.20 for singular values from 0.003 of the norm on: inside of <see cref="Jordan"/>'s band with
    /// four fifths of the work.
    /// </summary>
    public static IReadOnlyList<OddQuintic> FourSteps { get; } = Minimax(steps: 4, smallest: 0.003);

    /// <summary>
    /// Polynomials each of which comes as close to 1 as one of its degree can, in the largest error over the interval to which those before
    /// it have brought the singular values: no others with as many steps end in a narrower band (Amsel et al. 2025, "The Polar Express").
    /// </summary>
    /// <param name="steps">The number of steps.</param>
    /// <param name="smallest">
    /// The smallest singular value, as a part of the norm, that has to end in the band; in (0, 1). Smaller ones end below it.
    /// </param>
    /// <param name="cushion">
    /// The first steps treat the interval as if it began here, as a part of its end, so that none of them makes values near 1 much smaller;
    /// 0 for the narrowest band.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">There is no step, or a number is out of its range.</exception>
    public static OddQuintic[] Minimax(int steps, double smallest, double cushion = 0)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 1);
        if (!(smallest > 0 && smallest < 1))
            throw new ArgumentOutOfRangeException(nameof(smallest), $"{smallest} is not between 0 and 1.");

        if (!(cushion >= 0 && cushion < 1))
            throw new ArgumentOutOfRangeException(nameof(cushion), $"{cushion} is not 0 or between 0 and 1.");

        var polynomials = new OddQuintic[steps];
        double low = smallest, high = 1;
        for (int i = 0; i < steps; i++)
        {
            OddQuintic p = Best(Math.Max(low, cushion * high), high);

            // With a cushion the error at the lower end is larger than elsewhere: as far below 1 as above it, then.
            double center = 2 / (Value(p, low) + Value(p, high));
            p = new OddQuintic(p.Linear * center, p.Cubic * center, p.Quintic * center);
            low = Value(p, low);
            high = 2 - low;
            polynomials[i] = p;
        }

        return polynomials;
    }

    /// <summary>
    /// The odd polynomial of degree 5 that is nearest to 1 on an interval: its error takes its largest size at four points with alternating
    /// signs (Chebyshev). Remez' exchange finds them: solve for an alternating error, move the inner points to the extrema.
    /// </summary>
    private static OddQuintic Best(double low, double high)
    {
        if (low / high > 1 - NarrowInterval)
            return new OddQuintic(15.0 / 8 / high, -10.0 / 8 / Math.Pow(high, 3), 3.0 / 8 / Math.Pow(high, 5));

        double left = (3 * low + high) / 4, right = (low + 3 * high) / 4;
        for (int exchange = 0; ; exchange++)
        {
            OddQuintic p = Alternating([low, left, right, high]);

            // Where a + 3b x² + 5c x⁴ = 0.
            double root = Math.Sqrt(9 * p.Cubic * p.Cubic - 20 * p.Linear * p.Quintic);
            double nextLeft = Math.Sqrt((-3 * p.Cubic - root) / (10 * p.Quintic)), nextRight = Math.Sqrt((-3 * p.Cubic + root) / (10 * p.Quintic));
            double moved = Math.Abs(nextLeft - left) + Math.Abs(nextRight - right);
            if (moved < 1e-13 * high || exchange == MostExchanges)
                return p;

            (left, right) = (nextLeft, nextRight);
        }
    }

    /// <summary>The polynomial whose distance from 1 at the four points is the same but for alternating signs.</summary>
    private static OddQuintic Alternating(ReadOnlySpan<double> points)
    {
        // a x + b x³ + c x⁵ ± e = 1 for each point x, solved by elimination.
        var rows = new double[4][];
        for (int i = 0; i < 4; i++)
        {
            double x = points[i];
            rows[i] = [x, x * x * x, x * x * x * x * x, i % 2 == 0 ? 1 : -1, 1];
        }

        for (int i = 0; i < 4; i++)
        {
            int pivot = i;
            for (int j = i + 1; j < 4; j++)
                pivot = Math.Abs(rows[j][i]) > Math.Abs(rows[pivot][i]) ? j : pivot;

            (rows[i], rows[pivot]) = (rows[pivot], rows[i]);
            for (int j = 0; j < 4; j++)
            {
                double factor = j == i ? 0 : rows[j][i] / rows[i][i];
                for (int k = i; k < 5 && j != i; k++)
                    rows[j][k] -= factor * rows[i][k];
            }
        }

        return new OddQuintic(rows[0][4] / rows[0][0], rows[1][4] / rows[1][1], rows[2][4] / rows[2][2]);
    }

    private static double Value(OddQuintic p, double x) => x * (p.Linear + x * x * (p.Cubic + x * x * p.Quintic));
}
