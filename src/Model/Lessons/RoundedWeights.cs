namespace MiniGpt.Model.Lessons;

/// <summary>Numbers rounded to a few bits: whole numbers times one scale, which blocks of them share.</summary>
/// <param name="Scale">What the whole numbers are multiplied by.</param>
/// <param name="Whole">The whole numbers.</param>
internal sealed record RoundedWeights(double Scale, int[] Whole)
{
    /// <summary>The numbers that come back.</summary>
    public double[] Back => [.. Whole.Select(whole => Scale * whole)];

    /// <summary>The largest whole number of so many bits, of which one is the sign.</summary>
    public static int Largest(int bits) => (1 << (bits - 1)) - 1;

    /// <summary>Rounds numbers with one scale, by which the largest of them becomes the largest whole number.</summary>
    public static RoundedWeights Of(double[] numbers, int bits)
    {
        double scale = numbers.Max(Math.Abs) / Largest(bits);
        return new RoundedWeights(scale, [.. numbers.Select(number => scale == 0 ? 0 : (int)Math.Round(number / scale, MidpointRounding.AwayFromZero))]);
    }

    /// <summary>Rounds numbers in blocks, each with a scale of its own, and gives back what comes of it.</summary>
    public static double[] InBlocks(double[] numbers, int bits, int block) => [.. numbers.Chunk(block).SelectMany(part => Of(part, bits).Back)];

    /// <summary>The root of the mean square of the differences.</summary>
    public static double Error(double[] numbers, double[] back) => Math.Sqrt(numbers.Zip(back, (a, b) => (a - b) * (a - b)).Average());
}
