using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;
using MiniGpt.Tests.Tensors;
using Xunit;
using static MiniGpt.Tests.Precision.Rounding;

namespace MiniGpt.Tests.Precision;

/// <summary>Matrix products and attention.</summary>
public class ProductPrecisionTests
{
    /// <summary>M, N and K: each over all lengths, and those of the presets' products, with M cut down.</summary>
    private static IEnumerable<(int Rows, int Columns, int Depth)> Sizes =>
    [
        .. TriedLengths.Of(1, 257).SelectMany(n => new[] { (n, 9, 7), (5, n, 7), (5, 9, n), (1, n, 5), (1, 5, n) }),
        (12, 384, 128), (12, 128, 512), (128, 65, 24), (25, 1152, 384), (25, 384, 1536), (64, 128, 768),
        (13, 2304, 768), (13, 768, 3072), (1, 3072, 768), (1, 768, 3072), (37, 768, 1024), (2, 4001, 768),
    ];

    // The sum of K products, and of what was in C.
    [Fact]
    public void Products_of_every_transpose()
    {
        foreach ((int rows, int columns, int depth) in Sizes)
        {
            for (int turn = 0; turn < (rows * columns * depth > 1_000_000 ? 1 : 4); turn++)
            {
                Tensor<float> a = (turn & 1) == 0 ? Random([rows, depth], depth) : Random([depth, rows], depth);
                Tensor<float> b = (turn & 2) == 0 ? Random([depth, columns], 1) : Random([columns, depth], 1);
                Tensor<float> c = Random([rows, columns], 2);
                Tensor<double> twin = Widen(c), size = Magnitudes(twin), wideA = Widen(a), wideB = Widen(b);
                Gemm.Multiply(Turn(a, turn & 1), Turn(b, turn & 2), c, accumulate: true);
                Gemm.Multiply(Turn(wideA, turn & 1), Turn(wideB, turn & 2), twin, accumulate: true);
                Gemm.Multiply(Turn(Magnitudes(wideA), turn & 1), Turn(Magnitudes(wideB), turn & 2), size, accumulate: true);
                AssertWithin(twin, c, i => Sum(depth) * size.Span[i]);
            }
        }
    }

    // The sum of K products and a bias; GELU has slopes of at most 1.13, which change by at most 0.8, and errors of its own.
    [Fact]
    public void Linear_maps_and_their_activations()
    {
        foreach ((int rows, int columns, int depth) in Sizes)
        {
            Tensor<float> x = Random([rows, depth], depth), weight = Random([columns, depth], 1), bias = Random([columns], 2);
            Tensor<float> y = new([rows, columns]), slope = new(y.Shape), activated = new(y.Shape);
            Tensor<double> twin = new(y.Shape), size = new(y.Shape), wideSlope = new(y.Shape), wideActivated = new(y.Shape);
            Tensor<double> wideX = Widen(x), wideWeight = Widen(weight);
            Gemm.Linear(x, weight, bias, y);
            Gemm.Linear<float, GeluTanhFunction<float>>(x, weight, bias, slope, activated);
            Gemm.Linear<double, GeluTanhFunction<double>>(wideX, wideWeight, Widen(bias), wideSlope, wideActivated);
            Gemm.Linear(wideX, wideWeight, Widen(bias), twin);
            Gemm.Linear(Magnitudes(wideX), Magnitudes(wideWeight), Magnitudes(Widen(bias)), size);
            AssertWithin(twin, y, i => Sum(depth) * size.Span[i]);
            AssertWithin(wideSlope, slope, i => 0.8 * Sum(depth) * size.Span[i] + 8);
            AssertWithin(wideActivated, activated, i => 1.13 * Sum(depth) * size.Span[i] + 4 * Math.Abs(wideActivated.Span[i]));
        }
    }

    // A score is wrong by S = (2 + √D) · max |q||k| · scale epsilons, and a weight by a share of S, of the exponent's rounding, which is no
    // more, and of the softmax's sum; the output is then a sum of weighted values.
    [Fact]
    public void Attention_forward_and_backward()
    {
        foreach (int n in TriedLengths.Of(1, 257))
        {
            CheckAttention(queries: 7, keys: n, depth: 5, valueWidth: 6, causal: n % 2 == 0);
            CheckAttention(queries: n, keys: 11, depth: 5, valueWidth: 3, causal: false);
            CheckAttention(queries: 5, keys: 9, depth: n, valueWidth: 3, causal: n % 2 == 0);
            CheckAttention(queries: 5, keys: 9, depth: 3, valueWidth: n, causal: false);
        }
    }

    [Theory]
    [InlineData(64, 32)]
    [InlineData(256, 64)]
    [InlineData(1024, 64)]
    public void Attention_of_the_presets(int context, int depth) => CheckAttention(context, context, depth, depth, causal: true);

    private static void CheckAttention(int queries, int keys, int depth, int valueWidth, bool causal)
    {
        Tensor<float> q = Random([1, 1, queries, depth], depth), k = Random([1, 1, keys, depth], 1);
        Tensor<float> v = Random([1, 1, keys, valueWidth], 2), y = new([1, 1, queries, valueWidth]), logSumExp = new([1, 1, queries, 2]), dy = Random(y.Shape, 3);
        Tensor<float> dq = new(q.Shape), dk = new(k.Shape), dv = new(v.Shape);
        int firstQuery = Math.Max(0, keys - queries);
        var options = new AttentionOptions<float> { Scale = 1 / MathF.Sqrt(depth), Causal = causal, FirstQuery = firstQuery };
        var wideOptions = new AttentionOptions<double> { Scale = options.Scale, Causal = causal, FirstQuery = firstQuery };
        Tensor<double> wideQ = Widen(q), wideK = Widen(k), wideV = Widen(v), wideDy = Widen(dy), twin = new(y.Shape), size = new(y.Shape);
        Tensor<double> wideLogSumExp = new(logSumExp.Shape), ignored = new(logSumExp.Shape);
        Attention.Forward(q, k, v, y, logSumExp, options);
        Attention.Forward(wideQ, wideK, wideV, twin, wideLogSumExp, wideOptions);
        Attention.Forward(wideQ, wideK, Magnitudes(wideV), size, ignored, wideOptions);
        var scores = new Tensor<double>([1, 1, queries, keys]);
        Gemm.Multiply(Magnitudes(wideQ), Magnitudes(wideK).Transpose(2, 3), scores);
        double score = scores.Span.ToArray().Max() * options.Scale * (Sum(depth) + 2);
        double weight = 2 * score + Sum(keys) + 4;
        AssertWithin(wideLogSumExp, logSumExp, i => weight + Math.Abs(wideLogSumExp.Span[i]));
        AssertWithin(twin, y, i => (weight + Sum(keys)) * size.Span[i]);

        // From the same output and log-sum-exp. P is wrong by a weight's share; dV = Pᵀ·dO; dS = P ∘ (dO·Vᵀ − rowsum(dO ∘ O)) · scale;
        // dQ = dS·K; dK = dSᵀ·Q: the magnitudes are the same formulas without their signs.
        Tensor<double> wideDq = new(q.Shape), wideDk = new(k.Shape), wideDv = new(v.Shape);
        Attention.Backward(q, k, v, y, logSumExp, dy, dq, dk, dv, accumulate: false, options);
        Attention.Backward(
            wideQ, wideK, wideV, Widen(y), Widen(logSumExp), wideDy, wideDq, wideDk, wideDv, accumulate: false, wideOptions);
        var weights = new Tensor<double>(scores.Shape);
        Gemm.Multiply(wideQ, wideK.Transpose(2, 3), weights);
        Gemm.Multiply(Magnitudes(wideDy), Magnitudes(wideV).Transpose(2, 3), scores);
        double[] deltas = [.. Enumerable.Range(0, queries).Select(row => Enumerable.Range(row * valueWidth, valueWidth).Sum(
            i => Math.Abs((double)dy.Span[i] * y.Span[i])))];
        for (int i = 0; i < weights.Count; i++)
        {
            (int row, int key) = (i / keys, i % keys);
            bool visible = !causal || key <= options.FirstQuery + row;
            weights.Span[i] = visible ? Math.Exp((weights.Span[i] - logSumExp.Span[2 * row]) * options.Scale - logSumExp.Span[2 * row + 1]) : 0;
            scores.Span[i] = weights.Span[i] * (scores.Span[i] + deltas[row]) * options.Scale;
        }

        Tensor<double> sizeQ = new(q.Shape), sizeK = new(k.Shape), sizeV = new(v.Shape);
        Gemm.Multiply(scores, Magnitudes(wideK), sizeQ);
        Gemm.Multiply(scores.Transpose(2, 3), Magnitudes(wideQ), sizeK);
        Gemm.Multiply(weights.Transpose(2, 3), Magnitudes(wideDy), sizeV);
        double slope = weight + Sum(valueWidth);
        AssertWithin(wideDq, dq, i => (slope + Sum(keys)) * sizeQ.Span[i]);
        AssertWithin(wideDk, dk, i => (slope + Sum(queries)) * sizeK.Span[i]);
        AssertWithin(wideDv, dv, i => (weight + Sum(queries)) * sizeV.Span[i]);
    }

    private static Tensor<T> Turn<T>(Tensor<T> matrix, int turned)
        where T : unmanaged => turned == 0 ? matrix : matrix.Transpose(0, 1);
}
