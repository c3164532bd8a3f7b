using System.Numerics;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;
using MiniGpt.Tests.Reference;
using Xunit;

namespace MiniGpt.Tests.Tensors.Kernels;

public class CrossEntropyTests
{
    private const int Ignored = -100;

    [Fact]
    public void Losses_and_gradients_agree_with_the_plain_loop()
    {
        foreach ((int rows, int vocabulary) in ((int, int)[])[(1, 1), (130, 257), (2, 50257), .. TriedLengths.Of(1, 257).Select(size => (3, size))])
        {
            Check<float>(rows, vocabulary);
            Check<double>(rows, vocabulary);
        }
    }

    [Fact]
    public void A_certain_answer_costs_what_little_doubt_is_left()
    {
        Tensor<float> logits = Tensor<float>.From([1000, 990], [1, 2]), logSumExp = new([1, 2]);
        float loss = CrossEntropy.Forward(logits, Tensor<int>.From([0], [1]), logSumExp, Ignored);
        Assert.Equal(Math.Log(1 + Math.Exp(-10)), loss, 1e-7);
    }

    [Fact]
    public void Nothing_to_predict_costs_nothing()
    {
        Tensor<float> logits = Samples.Random<float>([2, 5], 1), logSumExp = new([2, 2]), gradient = Samples.Filled<float>([2, 5], double.NaN);
        Tensor<int> targets = Tensor<int>.From([Ignored, Ignored], [2]);
        Assert.Equal(0, CrossEntropy.Forward(logits, targets, logSumExp, Ignored));
        CrossEntropy.Backward(logits, targets, logSumExp, Ignored, 1f, gradient, accumulate: false);
        Assert.All(Samples.Doubles(gradient), value => Assert.Equal(0, value));
    }

    [Theory]
    [InlineData(5)]
    [InlineData(-1)]
    public void A_target_outside_of_the_vocabulary_is_named(int target)
    {
        Tensor<int> targets = Tensor<int>.From([0, Ignored, target], [3]);
        ArgumentException error = Assert.Throws<ArgumentException>(() =>
            CrossEntropy.Forward(new Tensor<float>([3, 5]), targets, new Tensor<float>([3, 2]), Ignored));
        Assert.Contains($"target {target} at position 2", error.Message);
    }

    private static void Check<T>(int rows, int vocabulary)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Tensor<T> logits = Samples.Random<T>([rows, vocabulary], 1, -6, 6), logSumExp = new([rows, 2]);
        Tensor<int> targets = Samples.Integers([rows], 2, vocabulary);
        if (rows > 2)
            targets[1] = Ignored;

        double[] x = Samples.Doubles(logits), lse = Twins.LogSumExp(x, vocabulary), softmax = Twins.Softmax(x, vocabulary);
        int counted = rows - (rows > 2 ? 1 : 0);
        double expected = 0;
        for (int row = 0; row < rows; row++)
            expected += targets[row] == Ignored ? 0 : (lse[row] - x[row * vocabulary + targets[row]]) / counted;

        double loss = double.CreateTruncating(CrossEntropy.Forward(logits, targets, logSumExp, Ignored));
        Assert.Equal(expected, loss, 32 * Samples.Epsilon<T>());
        Samples.AssertClose([.. lse.SelectMany(whole => (double[])[0, whole])], logSumExp, 4, _ => 16); // nothing to shift

        var gradient = new double[x.Length];
        for (int i = 0; i < gradient.Length; i++)
        {
            int target = targets[i / vocabulary];
            gradient[i] = target == Ignored ? 0 : (softmax[i] - (i % vocabulary == target ? 1 : 0)) * 0.5 / counted;
        }

        T half = T.CreateTruncating(0.5);
        Tensor<T> dlogits = Samples.Filled<T>(logits.Shape, 1);
        CrossEntropy.Backward(logits, targets, logSumExp, Ignored, half, dlogits, accumulate: true);
        Samples.AssertClose([.. gradient.Select(g => g + 1)], dlogits, 8, _ => 2);
        CrossEntropy.Backward(logits, targets, logSumExp, Ignored, half, logits, accumulate: false);
        Samples.AssertClose(gradient, logits, 32, i => softmax[i] + Math.Abs(gradient[i]));
    }
}
