using System.Globalization;
using MiniGpt.Autograd;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Layers;

namespace MiniGpt.Model.Lessons;

/// <summary>A run of training at eight moments: its loss, what it predicts, where it looks, and its weights.</summary>
internal static class TrainingLesson
{
    private const int Width = 16;
    private const double Nudge = 1e-5;

    private static readonly LessonTraining s_training = new(Steps: 160, ShownEvery: 1, LearningRate: 1e-2);
    private static readonly int[] s_moments = [0, 5, 10, 20, 30, 40, 80, 160];
    private static readonly string[] s_parts = ["tokens", "positions", "attention", "feed-forward"];

    public static LessonResult Run(LessonInputs inputs)
    {
        using LessonBoard board = new();
        WatchingAnimals animals = WatchingAnimals.Of(inputs.Language);
        Decoder<double> model = animals.Model(Width);
        LessonRows rows = animals.Rows;
        using RowsTask task = new(model, _ => rows, rows);
        double[] start = [.. model.Parameters.Values.Span], gradient = Gradient(task), nudged = Nudged(task, model), afterOne = [];
        List<double> losses = [], moved = [], next = [], attention = [], embedding = [];
        s_training.Run(task, step =>
        {
            losses.Add(task.TrainLoss(inputs.CancellationToken));
            moved.AddRange(s_parts.Select(part => Moved(model, start, part)));
            if (step == 1)
                afterOne = [.. model.Parameters.Values.Span];
            if (!s_moments.Contains(step))
                return;
            SeenAttention seen = new(ForwardStage.Weights);
            next.AddRange(animals.Next(model, sentence: 0, seen));
            attention.AddRange(seen.Rows.SelectMany(row => row));
            embedding.AddRange(model.Tokens.Table.Value.Span);
        }, inputs.Progress, inputs.CancellationToken);

        string[] steps = [.. Enumerable.Range(0, s_training.Steps + 1).Select(step => step.ToString(CultureInfo.InvariantCulture))];
        string[] words = [.. animals.Sentences[0][..^1].Select((word, i) => $"{i + 1} {word}")];
        LessonSlider slider = new("moment", [.. s_moments.Select(step => step.ToString(CultureInfo.InvariantCulture))], Start: 3) { MarksRows = true };
        board.Show("loss", StageKind.Lines, steps, ["loss", "least"], [.. losses.SelectMany(loss => (double[])[loss, animals.LeastLoss])], slider);
        board.Show("next", StageKind.Weights, words, animals.Vocabulary, [.. next], slider);
        board.Show("attention", StageKind.Weights, words, words, [.. attention], slider);
        board.Show("embedding", StageKind.Numbers, animals.Vocabulary, LessonBoard.Names("", Width), [.. embedding], slider);
        board.Show("moved", StageKind.Lines, steps, s_parts, [.. moved], slider);

        board.Check("least", [losses[^1] - animals.LeastLoss], tolerance: 0.01);
        board.Check("looks", Enumerable.Range(0, animals.Sentences.Length).Select(sentence => LooksAtSubject(animals, model, sentence) ? 0.0 : 1), tolerance: 0);
        board.Check("nudged", gradient.Zip(nudged, (a, b) => a - b), tolerance: 1e-8);
        board.Check("first-step", FirstStep(start, gradient).Zip(afterOne, (a, b) => a - b), tolerance: 1e-9);
        return board.Result;
    }

    /// <summary>How far the weights of a part of the model are from where they began: the root of the mean square.</summary>
    private static double Moved(Decoder<double> model, double[] start, string part)
    {
        double sum = 0;
        long count = 0;
        foreach (Parameter<double> parameter in model.Parameters.All.Where(parameter => PartOf(model, parameter) == part))
        {
            double[] begun = start[model.Parameters.StartOf(parameter)..][..(int)parameter.Shape.Count];
            sum += parameter.Value.Span.ToArray().Zip(begun, (now, then) => (now - then) * (now - then)).Sum();
            count += parameter.Shape.Count;
        }
        return Math.Sqrt(sum / count);
    }

    private static string PartOf(Decoder<double> model, Parameter<double> parameter) =>
        parameter == model.Tokens.Table ? "tokens"
        : parameter == model.Positions?.Table ? "positions"
        : parameter.Name.Contains(".attention.", StringComparison.Ordinal) ? "attention"
        : parameter.Name.Contains(".feed_forward.", StringComparison.Ordinal) ? "feed-forward"
        : "norms";

    /// <summary>Whether, where the animal that is seen is to be said, attention goes most to the one that sees.</summary>
    private static bool LooksAtSubject(WatchingAnimals animals, Decoder<double> model, int sentence)
    {
        SeenAttention seen = new(ForwardStage.Weights);
        animals.Next(model, sentence, seen);
        double[] row = seen.Rows[animals.ObjectAt - 1];
        return Array.IndexOf(row, row.Max()) == animals.SubjectAt;
    }

    /// <summary>The gradient of the loss with respect to every weight.</summary>
    private static double[] Gradient(RowsTask task)
    {
        using Tape<double> tape = new();
        task.Parameters.AllocateGradients();
        task.Parameters.ClearGradients();
        tape.Backward(task.Loss(tape, step: 0, microBatch: 0));
        return [.. task.Parameters.Gradients.Span];
    }

    /// <summary>The same by moving each weight a little to either side.</summary>
    private static double[] Nudged(RowsTask task, Decoder<double> model)
    {
        double[] slopes = new double[model.Parameters.Values.Count];
        for (int i = 0; i < slopes.Length; i++)
        {
            double weight = model.Parameters.Values.Span[i];
            model.Parameters.Values.Span[i] = weight + Nudge;
            double above = task.TrainLoss();
            model.Parameters.Values.Span[i] = weight - Nudge;
            slopes[i] = (above - task.TrainLoss()) / (2 * Nudge);
            model.Parameters.Values.Span[i] = weight;
        }
        return slopes;
    }

    /// <summary>The weights after one step of AdamW, written out: the mean of one gradient is itself, the root of its square its magnitude.</summary>
    private static IEnumerable<double> FirstStep(double[] start, double[] gradient)
    {
        double rate = s_training.LearningRate / (s_training.Warmup + 1), length = Math.Sqrt(gradient.Sum(slope => slope * slope));
        double scale = Math.Min(1, LessonTraining.ClipNorm / length);
        return start.Zip(gradient, (weight, slope) => weight - rate * slope * scale / (Math.Abs(slope * scale) + LessonTraining.Epsilon));
    }
}
