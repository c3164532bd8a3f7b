using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;
using MiniGpt.Tensors;

namespace MiniGpt.Model.Lessons;

/// <summary>The weights of a network of two layers: one number goes in, two are in between, one comes out.</summary>
/// <param name="W1">From the input to the first number in between.</param>
/// <param name="W2">From the input to the second.</param>
/// <param name="V1">From the first to the output.</param>
/// <param name="V2">From the second to the output.</param>
internal sealed record TwoLayerNetwork(double W1, double W2, double V1, double V2)
{
    public const double Input = 0.5;
    public const double Target = 1;

    public static string[] Names { get; } = ["w1", "w2", "v1", "v2"];

    public double[] Weights => [W1, W2, V1, V2];

    public static TwoLayerNetwork Of(double[] weights) => new(weights[0], weights[1], weights[2], weights[3]);

    /// <summary>The loss, with plain numbers.</summary>
    public double Loss => Math.Pow(V1 * Math.Tanh(W1 * Input) + V2 * Math.Tanh(W2 * Input) - Target, 2);

    /// <summary>Against the gradient, one step.</summary>
    public TwoLayerNetwork Step(double[] gradient, double rate) => Of([.. Weights.Zip(gradient, (weight, slope) => weight - rate * slope)]);

    /// <summary>The computation in single numbers, from the weights to the loss, backward included.</summary>
    public ScalarGraph ToGraph()
    {
        Scalar x = new(Input), t = new(Target), w1 = new(W1), w2 = new(W2), v1 = new(V1), v2 = new(V2);
        Scalar p1 = w1 * x, p2 = w2 * x, h1 = p1.Tanh(), h2 = p2.Tanh(), q1 = v1 * h1, q2 = v2 * h2, y = q1 + q2, e = y - t, loss = e.Squared();
        loss.Backward();
        return new ScalarGraph(
        [
            new("w1", w1, 0, 0), new("x", x, 0, 1.5), new("w2", w2, 0, 3), new("w1·x", p1, 1, 0.5), new("w2·x", p2, 1, 2.5),
            new("v1", v1, 2, 0), new("tanh", h1, 2, 1), new("tanh ", h2, 2, 2), new("v2", v2, 2, 3), new("v1·tanh", q1, 3, 0.5), new("v2·tanh", q2, 3, 2.5),
            new("y", y, 4, 1), new("t", t, 4, 2), new("y − t", e, 5, 1.5), new("loss", loss, 6, 1.5),
        ]);
    }

    /// <summary>The gradient of the loss with respect to each weight, then to the input, by single numbers.</summary>
    public double[] ScalarGradient()
    {
        ScalarGraph graph = ToGraph();
        return [.. Names.Append("x").Select(name => graph.Nodes.Single(node => node.Name == name).Number.Gradient)];
    }

    /// <summary>The same by the engine's tape and operators.</summary>
    public double[] EngineGradient()
    {
        using Tape<double> tape = new();
        Variable<double> x = Leaf(Input), w = Leaf(W1, W2), v = Leaf(V1, V2), t = tape.Constant(Tensor<double>.From([Target], [1]));
        Variable<double> error = ((w * x).Tanh() * v).Sum().Reshape([1]) - t;
        tape.Backward(error * error);
        return [.. w.Gradient.Span, .. v.Gradient.Span, .. x.Gradient.Span];

        Variable<double> Leaf(params double[] values) => tape.Leaf(Tensor<double>.From(values, [values.Length]));
    }

    /// <summary>The same once more, by moving each number a little to either side and looking at the loss; the input left out.</summary>
    public double[] Nudged(double by) =>
        [.. Enumerable.Range(0, Names.Length).Select(i => (Moved(i, by).Loss - Moved(i, -by).Loss) / (2 * by))];

    private TwoLayerNetwork Moved(int weight, double by) => Of([.. Weights.Select((value, i) => i == weight ? value + by : value)]);
}

/// <summary>Numbers of a computation, each with its place in a picture.</summary>
/// <param name="Nodes">The numbers, none before those that it is made of.</param>
internal sealed record ScalarGraph(IReadOnlyList<ScalarGraph.Node> Nodes)
{
    /// <summary>What each number is made of.</summary>
    public IReadOnlyList<GraphEdge> Edges => [.. Nodes.SelectMany((node, to) => node.Number.Made.Select(made =>
        new GraphEdge(Nodes.Index().Single(from => from.Item.Number == made.From).Index, to, made.Slope)))];

    internal sealed record Node(string Name, Scalar Number, double Depth, double Lane);
}
