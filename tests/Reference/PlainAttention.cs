namespace MiniGpt.Tests.Reference;

/// <summary>Attention of one head as it is defined, in double, with all of its weights in memory.</summary>
/// <param name="queries">Tq.</param>
/// <param name="keys">Tk.</param>
/// <param name="depth">D, the width of queries and keys.</param>
/// <param name="valueWidth">E.</param>
/// <param name="scale">Multiplies the scores.</param>
/// <param name="isVisible">Whether a query sees a key.</param>
/// <param name="factor">What dropout multiplies a weight with; 1 without dropout.</param>
/// <param name="bias">What a mask adds to a score; nothing if null.</param>
/// <param name="cap">Bounds the scaled scores to cap · tanh(s / cap) before the mask; 0: no bound.</param>
public sealed class PlainAttention(
    int queries, int keys, int depth, int valueWidth, double scale, Func<int, int, bool> isVisible, Func<int, int, double> factor,
    Func<int, int, double>? bias = null, double cap = 0)
{
    public double[] Forward(double[] q, double[] k, double[] v)
    {
        double[] weights = Weights(q, k), output = new double[queries * valueWidth];
        for (int i = 0; i < queries; i++)
        {
            for (int j = 0; j < keys; j++)
            {
                for (int e = 0; e < valueWidth; e++)
                    output[i * valueWidth + e] += weights[i * keys + j] * factor(i, j) * v[j * valueWidth + e];
            }
        }

        return output;
    }

    public (double[] Dq, double[] Dk, double[] Dv) Backward(double[] q, double[] k, double[] v, double[] dOutput)
    {
        double[] weights = Weights(q, k), dq = new double[q.Length], dk = new double[k.Length], dv = new double[v.Length];
        for (int i = 0; i < queries; i++)
        {
            double[] dWeights = new double[keys];
            double mean = 0;
            for (int j = 0; j < keys; j++)
            {
                for (int e = 0; e < valueWidth; e++)
                {
                    dWeights[j] += dOutput[i * valueWidth + e] * v[j * valueWidth + e] * factor(i, j);
                    dv[j * valueWidth + e] += weights[i * keys + j] * factor(i, j) * dOutput[i * valueWidth + e];
                }

                mean += weights[i * keys + j] * dWeights[j];
            }

            for (int j = 0; j < keys; j++)
            {
                double tanh = cap > 0 ? Math.Tanh(Product(q, k, i, j) * scale / cap) : 0;
                double dScore = weights[i * keys + j] * (dWeights[j] - mean) * scale * (1 - tanh * tanh);
                for (int d = 0; d < depth; d++)
                {
                    dq[i * depth + d] += dScore * k[j * depth + d];
                    dk[j * depth + d] += dScore * q[i * depth + d];
                }
            }
        }

        return (dq, dk, dv);
    }

    private double Product(double[] q, double[] k, int i, int j)
    {
        double product = 0;
        for (int d = 0; d < depth; d++)
            product += q[i * depth + d] * k[j * depth + d];

        return product;
    }

    private double[] Weights(double[] q, double[] k)
    {
        double[] weights = new double[queries * keys];
        for (int i = 0; i < queries; i++)
        {
            double max = double.NegativeInfinity, sum = 0;
            for (int j = 0; j < keys; j++)
            {
                double score = Product(q, k, i, j) * scale;
                score = (cap > 0 ? cap * Math.Tanh(score / cap) : score) + (bias?.Invoke(i, j) ?? 0);
                weights[i * keys + j] = isVisible(i, j) ? score : double.NegativeInfinity;
                max = Math.Max(max, weights[i * keys + j]);
            }

            for (int j = 0; j < keys; j++)
            {
                weights[i * keys + j] = double.IsNegativeInfinity(max) ? 0 : Math.Exp(weights[i * keys + j] - max);
                sum += weights[i * keys + j];
            }

            for (int j = 0; j < keys && sum > 0; j++)
                weights[i * keys + j] /= sum;
        }

        return weights;
    }
}
