using MiniGpt.Model.Architectures;
using MiniGpt.Model.Layers;

namespace MiniGpt.Tests.Model.Explanation;

/// <summary>Norms in plain loops, with their scale of one vector or with one of 1, and what they make of parts of it.</summary>
internal static class PlainNorms
{
    /// <summary>What a norm makes of a part, without its bias.</summary>
    /// <param name="norm">The norm.</param>
    /// <param name="config">Its kind.</param>
    /// <param name="part">The part.</param>
    /// <param name="whole">The vector that gives the scale; null for a scale of 1.</param>
    public static double[] Apply(Norm<double> norm, NormConfig config, double[] part, double[]? whole)
    {
        double scale = 1;
        if (whole is not null)
        {
            double mean = config.Kind == NormKind.Layer ? whole.Average() : 0;
            scale = 1 / Math.Sqrt(whole.Average(x => (x - mean) * (x - mean)) + config.Epsilon);
        }
        double centre = config.Kind == NormKind.Layer ? part.Average() : 0;
        return [.. part.Select((x, i) => (x - centre) * scale * norm.Gain.Value.Span[i])];
    }

    public static double[] Bias(Norm<double> norm) => norm.Bias?.Value.Span.ToArray() ?? new double[norm.Gain.Shape[0]];

    public static double[] Sum(double[] a, double[] b) => [.. a.Zip(b, (x, y) => x + y)];

    /// <summary>A row of the head times a vector.</summary>
    public static double Logit(Decoder<double> model, int token, double[] hidden) => hidden.Select((x, i) => x * model.Head.Value[token, i]).Sum();
}
