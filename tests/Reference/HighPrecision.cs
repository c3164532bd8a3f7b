namespace MiniGpt.Tests.Reference;

/// <summary>Elementary functions with 28 digits, by series that every textbook has: slow, and independent of what is tested.</summary>
public static class HighPrecision
{
    private const decimal RootOfPi = 1.7724538509055160272981674833m;

    /// <summary>e^x for 0 ≤ x ≤ 60: Taylor's series of x / 2^k, squared k times.</summary>
    public static decimal Exp(decimal x)
    {
        int halvings = 0;
        while (x > 0.5m)
        {
            x /= 2;
            halvings++;
        }

        decimal sum = 1, term = 1;
        for (int n = 1; n < 25; n++)
        {
            term *= x / n;
            sum += term;
        }

        for (int i = 0; i < halvings; i++)
            sum *= sum;

        return sum;
    }

    /// <summary>tanh x for 0 ≤ x ≤ 30; for small x by the quotient of the series of sinh and cosh, in which nothing cancels.</summary>
    public static decimal Tanh(decimal x)
    {
        if (x > 1)
            return 1 - 2 / (Exp(2 * x) + 1);

        decimal sinh = 0, cosh = 0, term = 1;
        for (int n = 0; n < 30; n++)
        {
            cosh += n % 2 == 0 ? term : 0;
            sinh += n % 2 == 1 ? term : 0;
            term *= x / (n + 1);
        }

        return sinh / cosh;
    }

    /// <summary>erf x for 0 ≤ x ≤ 6.5: 2/√π e^(-x²) Σ 2ⁿ x^(2n+1) / (1 · 3 · ... · (2n+1)), all terms of which are positive.</summary>
    public static decimal Erf(decimal x)
    {
        decimal sum = 0, term = x;
        for (int n = 1; term > 1e-27m || n < 10; n++)
        {
            sum += term;
            term *= 2 * x * x / (2 * n + 1);
        }

        return 2 / RootOfPi * sum / Exp(x * x);
    }

    /// <summary>erf x for any x by the same series, to 14 digits: enough to judge single precision by.</summary>
    public static double Erf(double x)
    {
        // Further out, 1 - erf x is below what changes 1.
        if (!(Math.Abs(x) < 6))
            return double.IsNaN(x) ? x : Math.CopySign(1, x);

        double sum = 0, term = x;
        for (int n = 1; sum + term != sum; n++)
        {
            sum += term;
            term *= 2 * x * x / (2 * n + 1);
        }

        return 2 / (double)RootOfPi * sum * Math.Exp(-x * x);
    }

    /// <summary>A double of moderate size as a decimal, without the rounding to 15 digits of the language's conversion.</summary>
    public static decimal Exact(double x)
    {
        decimal power = 1;
        while (x != Math.Truncate(x))
        {
            x *= 2;
            power *= 2;
        }

        return (long)x / power;
    }

    /// <summary>|actual - expected| in units of the expected value's last place in double.</summary>
    public static double Ulps(double actual, decimal expected) =>
        (double)Math.Abs(Exact(actual) - expected) / (Math.BitIncrement(Math.Abs((double)expected)) - Math.Abs((double)expected));
}
