using System.Numerics;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;
using Xunit;

namespace MiniGpt.Tests.Tensors.Kernels;

public class AdamWTests
{
    [Fact]
    public void Ten_steps_agree_with_the_plain_loop()
    {
        foreach (int size in (int[])[.. TriedLengths.Of(1, 257), 40_000])
        {
            Check<float>(size, 1e-3);
            Check<double>(size, 1e-3);
        }
    }

    // After one step m / √v is the gradient's sign, whatever its size.
    [Fact]
    public void The_first_step_is_the_learning_rate_against_the_sign()
    {
        Tensor<double> p = new([2]), g = Tensor<double>.From([1e-3, -50], [2]), m = new([2]), v = new([2]);
        AdamW.Update(p, g, m, v, 0.1, 0.9, 0.999, 0, 0, 1, 1);
        Samples.AssertClose([-0.1, 0.1], p, 8);
    }

    [Fact]
    public void Tensors_of_different_lengths_are_refused()
    {
        Tensor<float> three = new([3]), four = new([4]);
        Assert.Throws<ShapeException>(() => AdamW.Update(three, four, three, three, 0.1f, 0.9f, 0.99f, 0, 0, 1, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => AdamW.Update(three, three, three, three, 0.1f, 0.9f, 0.99f, 0, 0, 1, 0));
    }

    private static void Check<T>(int size, double learningRate)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T lr = T.CreateTruncating(learningRate), beta1 = T.CreateTruncating(0.9), beta2 = T.CreateTruncating(0.99);
        T epsilon = T.CreateTruncating(1e-8), decay = T.CreateTruncating(0.1), clip = T.CreateTruncating(0.75);
        Tensor<T> parameters = Samples.Random<T>([size], 1), first = new([size]), second = new([size]);
        double[] p = Samples.Doubles(parameters), m = new double[size], v = new double[size];
        double b1 = double.CreateTruncating(beta1), b2 = double.CreateTruncating(beta2);
        for (int step = 1; step <= 10; step++)
        {
            Tensor<T> gradients = Samples.Random<T>([size], 10 + step, 0.1, 2);
            double[] g = Samples.Doubles(gradients);
            AdamW.Update(parameters, gradients, first, second, lr, beta1, beta2, epsilon, decay, clip, step);
            for (int i = 0; i < size; i++)
            {
                double scaled = g[i] * 0.75;
                p[i] -= learningRate * 0.1 * p[i];
                m[i] = b1 * m[i] + (1 - b1) * scaled;
                v[i] = b2 * v[i] + (1 - b2) * scaled * scaled;
                double corrected = m[i] / (1 - Math.Pow(b1, step));
                p[i] -= learningRate * corrected / (Math.Sqrt(v[i] / (1 - Math.Pow(b2, step))) + 1e-8);
            }
        }

        Samples.AssertClose(m, first, 16);
        Samples.AssertClose(v, second, 16);
        Samples.AssertClose(p, parameters, 32, _ => 2);
    }
}
