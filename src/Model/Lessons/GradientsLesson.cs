using System.Globalization;

namespace MiniGpt.Model.Lessons;

/// <summary>How a network learns which way to change: the chain rule on a network of four weights, in thirty lines and by the engine.</summary>
internal static class GradientsLesson
{
    private const int Steps = 30;
    private const double Rate = 0.2;
    private const double Nudge = 1e-5;

    private static readonly TwoLayerNetwork s_start = new(W1: 1, W2: -0.8, V1: 0.7, V2: 0.4);

    public static LessonResult Run()
    {
        using LessonBoard board = new();
        ShowSlope(board);
        board.Show(new LessonStage("code", StageKind.Code, Source(), [], []));
        ShowGraph(board);

        double[] scalar = s_start.ScalarGradient(), engine = s_start.EngineGradient(), nudged = s_start.Nudged(Nudge);
        board.Show("compare", StageKind.Table, TwoLayerNetwork.Names, ["value", "scalar", "engine", "nudged"],
            [.. TwoLayerNetwork.Names.SelectMany((_, i) => (double[])[s_start.Weights[i], scalar[i], engine[i], nudged[i]])]);
        double[] byScalar = Descend(network => network.ScalarGradient()), byEngine = Descend(network => network.EngineGradient());
        board.Show("descent", StageKind.Lines, [.. Enumerable.Range(0, Steps + 1).Select(step => $"{step}")], ["scalar", "engine"],
            [.. byScalar.Zip(byEngine, (a, b) => (double[])[a, b]).SelectMany(pair => pair)]);

        board.Check("engine", scalar.Zip(engine, (a, b) => a - b), LessonBoard.Rounding);
        board.Check("by-hand", [scalar[0] - SlopeOfW1()], LessonBoard.Rounding);
        board.Check("nudged", scalar.Zip(nudged, (a, b) => a - b), tolerance: 1e-8);
        board.Check("descent", byScalar.Zip(byEngine, (a, b) => a - b), LessonBoard.Rounding);
        board.Check("falls", byScalar.Zip(byScalar.Skip(1), (before, after) => Math.Max(0, after - before)), tolerance: 0);
        return board.Result;
    }

    /// <summary>The loss as the first weight moves, and at each stop of the slider the straight line that touches it there.</summary>
    private static void ShowSlope(LessonBoard board)
    {
        double[] places = [.. Enumerable.Range(-4, 13).Select(i => i * 0.5)];
        string[] names = [.. places.Select(w => w.ToString("0.0", CultureInfo.InvariantCulture))];
        board.Show("slope", StageKind.Lines, names, ["loss", "tangent"], [.. places.SelectMany(at =>
        {
            TwoLayerNetwork here = s_start with { W1 = at };
            return places.SelectMany(w => (double[])[(here with { W1 = w }).Loss, here.Loss + here.ScalarGradient()[0] * (w - at)]);
        })], new LessonSlider("w1", names, Start: Array.IndexOf(places, s_start.W1)) { MarksRows = true });
    }

    /// <summary>The numbers and what is made of what; backward goes from the loss to the weights, a column of numbers at each stop.</summary>
    private static void ShowGraph(LessonBoard board)
    {
        ScalarGraph graph = s_start.ToGraph();
        int depths = (int)graph.Nodes.Max(node => node.Depth) + 1;
        board.Show(new LessonStage("graph", StageKind.Graph, [.. graph.Nodes.Select(node => node.Name)], ["value", "gradient"],
            [.. Enumerable.Range(0, depths + 1).SelectMany(stop => graph.Nodes.SelectMany(node =>
                (double[])[node.Number.Value, node.Depth >= depths - stop ? node.Number.Gradient : double.NaN]))])
        {
            Slider = new LessonSlider("back", [.. Enumerable.Range(0, depths + 1).Select(stop => $"{stop}")], Start: depths),
            Places = [.. graph.Nodes.Select(node => new GraphPlace(node.Depth, node.Lane))],
            Edges = graph.Edges,
        });
    }

    /// <summary>The losses of gradient descent.</summary>
    private static double[] Descend(Func<TwoLayerNetwork, double[]> gradient)
    {
        TwoLayerNetwork network = s_start;
        List<double> losses = [network.Loss];
        for (int step = 0; step < Steps; step++)
        {
            network = network.Step(gradient(network)[..4], Rate);
            losses.Add(network.Loss);
        }
        return [.. losses];
    }

    /// <summary>The chain from the loss to the first weight, written out: 2(y − t) · v1 · (1 − tanh²) · x.</summary>
    private static double SlopeOfW1()
    {
        double h1 = Math.Tanh(s_start.W1 * TwoLayerNetwork.Input), h2 = Math.Tanh(s_start.W2 * TwoLayerNetwork.Input);
        return 2 * (s_start.V1 * h1 + s_start.V2 * h2 - TwoLayerNetwork.Target) * s_start.V1 * (1 - h1 * h1) * TwoLayerNetwork.Input;
    }

    /// <summary>The lines of Scalar.cs, as they are compiled, without what stands before the class.</summary>
    private static string[] Source()
    {
        using Stream stream = typeof(Scalar).Assembly.GetManifestResourceStream("MiniGpt.Model.Lessons.Scalar.cs")
            ?? throw new InvalidOperationException("Scalar.cs is not embedded.");
        using StreamReader reader = new(stream);
        string[] lines = reader.ReadToEnd().ReplaceLineEndings("\n").TrimEnd().Split('\n');
        return [.. lines.SkipWhile(line => !line.StartsWith("internal", StringComparison.Ordinal)).SelectMany(line => Short(line).Split('\n'))];

        // The first line alone is wider than a terminal.
        static string Short(string line) => line.Replace("(double value, params (", "(\n    double value, params (", StringComparison.Ordinal);
    }
}
