using System.Numerics;
using MiniGpt.Model.Layers;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace MiniGpt.Model.Explanation;

/// <summary>
/// A norm whose scale, 1 over the spread of one vector, is held fixed: what is left is linear, so that what it makes of a sum is the sum of what it
/// makes of the parts, and its bias.
/// </summary>
internal sealed class FrozenNorm
{
    private readonly double[] _gain;
    private readonly bool _centres;
    private readonly double _scale;

    private FrozenNorm(double[] gain, double[] bias, bool centres, double scale) => (_gain, Bias, _centres, _scale) = (gain, bias, centres, scale);

    /// <summary>What it adds to whatever it is given.</summary>
    public double[] Bias { get; }

    /// <summary>The norm with the scale that a vector gives it.</summary>
    public static FrozenNorm At<T>(Norm<T> norm, NormConfig config, double[] vector)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        double[] centred = config.Kind == NormKind.Layer ? Centred(vector) : vector;
        return Of(norm, config, 1 / Math.Sqrt(TensorPrimitives.SumOfSquares<double>(centred) / vector.Length + config.Epsilon));
    }

    /// <summary>The norm with a scale of 1: what it gives has the right direction, whatever the scale of a text.</summary>
    public static FrozenNorm WithoutScale<T>(Norm<T> norm, NormConfig config)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Of(norm, config, scale: 1);

    /// <summary>What becomes of a part of the vector, the bias left out.</summary>
    public double[] Apply(double[] part)
    {
        double[] result = _centres ? Centred(part) : [.. part];
        TensorPrimitives.Multiply(result, _gain, result);
        TensorPrimitives.Multiply(result, _scale, result);
        return result;
    }

    /// <summary>The direction before the norm that is to a part what another one after the norm is to what becomes of it: their products are equal.</summary>
    public double[] Back(double[] direction)
    {
        double[] result = new double[direction.Length];
        TensorPrimitives.Multiply(direction, _gain, result);
        TensorPrimitives.Multiply(result, _scale, result);
        return _centres ? Centred(result) : result;
    }

    private static FrozenNorm Of<T>(Norm<T> norm, NormConfig config, double scale)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        double[] gain = RowReading.Of<T>(norm.Gain.Value.Span);
        return new FrozenNorm(gain, norm.Bias is null ? new double[gain.Length] : RowReading.Of<T>(norm.Bias.Value.Span), config.Kind == NormKind.Layer, scale);
    }

    private static double[] Centred(double[] vector)
    {
        double[] centred = new double[vector.Length];
        TensorPrimitives.Subtract(vector, TensorPrimitives.Sum<double>(vector) / vector.Length, centred);
        return centred;
    }
}
