using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;
using Xunit;

namespace MiniGpt.Tests.Autograd;

/// <summary>Operators name themselves and what they were given.</summary>
public sealed class OperatorErrorTests : IDisposable
{
    private readonly Tape<double> _tape = new();

    [Fact]
    public void Shapes_that_do_not_go_together_are_named()
    {
        AssertNames("Add: [2, 3] and [4]", () => X(2, 3) + X(4));
        AssertNames("Subtract: [2, 3] and [4]", () => X(2, 3) - X(4));
        AssertNames("Multiply: [2, 3] and [4]", () => X(2, 3) * X(4));
        AssertNames("Divide: [2, 3] and [4]", () => X(2, 3) / X(4));
        AssertNames("MatMul: [2, 3] and [4]", () => X(2, 3).MatMul(X(4)));
        AssertNames("MatMul: [2, 3] and [4, 5]", () => X(2, 3).MatMul(X(4, 5)));
        AssertNames("Linear: [2, 3] and [4, 5]", () => X(2, 3).Linear(X(4, 5)));
        AssertNames("Concat: [2, 3] and [2, 3, 1]", () => X(2, 3).Concat(X(2, 3, 1), 0));
        AssertNames("Concat: [2, 3] and [3, 4]", () => X(2, 3).Concat(X(3, 4), 1));
        AssertNames("LayerNorm: [2, 3] and [2]", () => X(2, 3).LayerNorm(X(2), X(3), 1e-5));
        AssertNames("RmsNorm: [2, 3] and [2]", () => X(2, 3).RmsNorm(X(2), 1e-5));
        AssertNames("CrossEntropy: [2, 3] and [3]", () => X(2, 3).CrossEntropy(new Tensor<int>([3])));
        AssertNames("ProjectedCrossEntropy: [2, 3] and [4, 5]", () => X(2, 3).ProjectedCrossEntropy(X(4, 5), new Tensor<int>([2])));
        AssertNames("ProjectedCrossEntropy: [4, 3] and [3]", () => X(2, 3).ProjectedCrossEntropy(X(4, 3), new Tensor<int>([2]), bias: X(3)));
        AssertNames("NegativeSampling: [2, 3] and [2, 4]", () => X(2, 3).NegativeSampling(X(2, 4), new Tensor<int>([1, 1]), new Tensor<int>([1, 1])));
        AssertNames("NegativeSampling: [1, 1] and [2, 1]", () => X(2, 3).NegativeSampling(X(2, 3), new Tensor<int>([1, 1]), new Tensor<int>([2, 1])));
        AssertNames("Attention: [2, 3] and [2, 3]", () => X(2, 3).Attention(X(2, 3), X(2, 3), new AttentionOptions<double> { Scale = 1 }));
        AssertNames("GatedActivation: [2, 3]", () => X(2, 3).GatedActivation<double, SiluFunction<double>>());
        AssertNames("Rnn: [2, 3, 4] and [4, 3]", () => X(2, 3, 4).Rnn(X(4, 3)));
        AssertNames("Rnn: [2, 3, 4] and [3, 4]", () => X(2, 3, 4).Rnn(X(4, 4), X(3, 4)));
        AssertNames("Gru: [2, 3, 4] and [4, 4]", () => X(2, 3, 4).Gru(X(4, 4)));
        AssertNames("Gru: [2] and [6, 2]", () => X(2, 3, 6).Gru(X(6, 2), X(2)));
        AssertNames("Lstm: [2, 8] and [8, 2]", () => X(2, 8).Lstm(X(8, 2)).States);
        AssertNames("Lstm: [2, 3, 8] and [2, 8]", () => X(2, 3, 8).Lstm(X(8, 2), null, X(2, 8)).States);
        AssertNames("Reshape: [2, 3] and [5]", () => X(2, 3).Reshape([5]));
    }

    [Fact]
    public void Operations_of_a_walk_along_time_and_of_a_head_are_counted()
    {
        AssertOperations(2 * 2 * 3 * 1 * 4 * 4, () => X(2, 3, 4).Rnn(X(4, 4)));
        AssertOperations(2 * 2 * 3 * 3 * 4 * 4, () => X(2, 3, 12).Gru(X(12, 4)));
        AssertOperations(2 * 2 * 3 * 4 * 4 * 4, () => X(2, 3, 16).Lstm(X(16, 4)).States);
        AssertOperations(2 * 2 * 3 * 4, () => X(2, 3).ProjectedCrossEntropy(X(4, 3), new Tensor<int>([2])));

        void AssertOperations(double expected, Func<Variable<double>> run)
        {
            _tape.Reset();
            run();
            Node<double>[] nodes = _tape.Nodes.ToArray();
            Assert.Equal(expected, nodes.Sum(node => node.ForwardOperations));
            Assert.Equal(2 * expected, nodes.Sum(node => node.BackwardOperations));
        }
    }

    [Fact]
    public void Other_arguments_that_make_no_sense_are_named()
    {
        Assert.Contains("smoothing", Assert.Throws<ArgumentException>(() =>
            X(2, 3).ProjectedCrossEntropy(X(4, 3), new Tensor<int>([2]), smoothing: 1)).Message);
        Assert.Contains("[1, 2, 7]", Assert.Throws<ArgumentException>(() =>
            X(1, 2, 7).SelfAttention(2, new AttentionOptions<double> { Scale = 1 })).Message, StringComparison.Ordinal);
        Assert.Contains("1.5", Assert.Throws<ArgumentOutOfRangeException>(() => X(2).Dropout(1.5, default)).Message);
        Assert.Contains("no axis 2", Assert.Throws<ArgumentOutOfRangeException>(() => X(2, 3).Softmax(2)).Message);
        Assert.Contains("id 7", Assert.Throws<ArgumentException>(() =>
            _tape.Embedding(X(3, 2), Tensor<int>.From([7], [1]))).Message, StringComparison.Ordinal);
        Assert.Contains("no axis 1", Assert.Throws<ArgumentOutOfRangeException>(() => X(3).Slice(1, 0, 1)).Message);
    }

    public void Dispose() => _tape.Dispose();

    private static void AssertNames(string text, Func<Variable<double>> function) =>
        Assert.StartsWith(text, Assert.Throws<ShapeException>(function).Message, StringComparison.Ordinal);

    private Variable<double> X(params int[] sizes) => _tape.Leaf(new Tensor<double>(new Shape(sizes)));
}
