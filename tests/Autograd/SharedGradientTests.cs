using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;
using Xunit;

namespace MiniGpt.Tests.Autograd;

/// <summary>A sum gives its gradient to its inputs without copying it; what happens to one of them is never seen by another.</summary>
public sealed class SharedGradientTests
{
    // Each sum below is one where a gradient that is shared changes, or goes, before the other has read it.
    public static TheoryData<string> Cases => ["reader last", "taker last", "squared", "nested", "retained", "in place", "broadcast"];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Inputs_of_a_sum_get_their_own_gradients(string name)
    {
        (double[] a, double[] b) = Gradients(name, share: true);
        (double[] expectedA, double[] expectedB) = Gradients(name, share: false);
        Assert.Equal(expectedA, a);
        Assert.Equal(expectedB, b);
    }

    [Fact]
    public void A_residual_stream_needs_the_memory_of_one_gradient()
    {
        Assert.Equal(Memory(layers: 2), Memory(layers: 9) - 7 * 3 * Bytes); // each layer keeps its three values, and no gradient

        static long Memory(int layers)
        {
            using var tape = new Tape<double>();
            Variable<double> x = tape.Leaf(new Tensor<double>([Elements])).Exp();
            for (int layer = 0; layer < layers; layer++)
                x += x.Exp().Tanh();

            tape.Backward(x, new Tensor<double>([Elements]));
            tape.Reset();
            tape.Allocate<byte>([1]);
            return tape.Capacity;
        }
    }

    private const int Elements = 1 << 18;
    private const long Bytes = Elements * sizeof(double);

    private static (double[] A, double[] B) Gradients(string name, bool share)
    {
        using var tape = new Tape<double>();
        Variable<double> a = tape.Leaf(Tensor<double>.From([0.5, -1.25, 2], [3])), b = tape.Leaf(Tensor<double>.From([1.5, 0.75, -0.5], [3]));

        // A product with one has the value and the gradient of a sum's input, in memory of its own.
        Variable<double> Sum(Variable<double> x, Variable<double> y) => share ? x + y : Own(x) + Own(y);
        Variable<double> Own(Variable<double> x) => x.Multiply(tape.Constant(Tensor<double>.From([1, 1, 1], [3]))).Retain();

        Variable<double> u = a.Exp(), v = b.Tanh(), w = (a * b).Exp();
        Variable<double> y = name switch
        {
            "reader last" => Sum(u, v) * u, // u's gradient is added to before v's node has read it
            "taker last" => Sum(v, u) * u * v,
            "squared" => Sum(u, u) * v,
            "nested" => Sum(Sum(u, v), Sum(w, Sum(v, u))) * w,
            "retained" => Sum(u.Retain(), v.Retain()) * u,
            "in place" => Sum(Deep(u), Deep(v)),
            _ => Sum(Sum(u, v), b.Sum(0, keepAxis: true).BroadcastLike(u)),
        };
        tape.Backward(y.Exp().Sum());
        return ([.. a.Gradient.Span], [.. b.Gradient.Span]);

        // Its backward writes over the gradient of its output.
        Variable<double> Deep(Variable<double> x) => x.Reshape([1, 3])
            .Linear<double, SiluFunction<double>>(tape.Constant(Tensor<double>.From([1, 2, 3, 4, 5, 6, 7, 8, 9], [3, 3]))).Reshape([3]);
    }
}

internal static class BroadcastingInTests
{
    public static Variable<double> BroadcastLike(this Variable<double> x, Variable<double> other) => x + other * 0.0;
}
