using System.Globalization;
using MiniGpt.Autograd.Ops;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors;

namespace MiniGpt.Model.Lessons;

/// <summary>Rotary positions: queries and keys are turned by their positions, and their product depends on the distance alone.</summary>
internal static class RotaryLesson
{
    private const int HeadSize = 8;
    private const double Base = 16; // each pair turns half as fast as the one before
    private const int QueryAt = 4;
    private const int KeyAt = 2;
    private const int Shifts = 12;
    private const int Distances = 32;
    private const int Positions = 8;

    private static readonly double[] s_query = [1.2, 0.5];
    private static readonly double[] s_key = [0.9, -0.6];

    public static LessonResult Run()
    {
        using LessonBoard board = new();
        RotaryPositions<double> pair = new(2, new PositionConfig { Kind = PositionKind.Rotary });
        double[][] queries = Turned(board, pair, s_query, QueryAt, Shifts + 1), keys = Turned(board, pair, s_key, KeyAt, Shifts + 1);
        string[] shifts = Numbers(Shifts + 1);
        LessonSlider slider = new("shift", shifts, Start: 1) { MarksRows = true };
        board.Show("turn", StageKind.Points, ["query", "key", "query-turned", "key-turned"], ["x", "y"],
            [.. queries.Zip(keys, (q, k) => (double[])[.. s_query, .. s_key, .. q, .. k]).SelectMany(frame => frame)], slider);
        double[] rotary = [.. queries.Zip(keys, Product)];
        double[] added = [.. Enumerable.Range(0, Shifts + 1).Select(shift => Product(Added(s_query, QueryAt + shift), Added(s_key, KeyAt + shift)))];
        board.Show("product", StageKind.Lines, shifts, ["rotary", "added"], [.. rotary.Zip(added, (a, b) => (double[])[a, b]).SelectMany(both => both)], slider);

        RotaryPositions<double> head = new(HeadSize, new PositionConfig { Kind = PositionKind.Rotary, RotaryBase = Base });
        double[] frequencies = head.Frequencies;
        double[] ones = [.. Enumerable.Repeat(1.0, HeadSize)];
        double[][] along = Turned(board, head, ones, 0, Distances + 1);
        board.Show("speeds", StageKind.Table, [.. frequencies.Select((_, i) => $"pair {i + 1}")], ["degrees", "turn"],
            [.. frequencies.SelectMany(angle => (double[])[angle * 180 / Math.PI, 2 * Math.PI / angle])]);
        string[] clocks = [.. frequencies.Select((_, i) => $"pair {i + 1}"), "mean"];
        board.Show("distance", StageKind.Lines, Numbers(Distances + 1), clocks, [.. along.SelectMany(turned =>
        {
            double[] pairs = [.. Enumerable.Range(0, HeadSize / 2).Select(i => (turned[i] + turned[i + HeadSize / 2]) / 2)];
            return (double[])[.. pairs, pairs.Average()];
        })]);

        double[] query = [0.9, -0.3, 0.5, 1.1, 0.2, 0.8, -0.4, 0.6], key = [0.7, 0.4, -0.2, 0.9, 0.5, -0.6, 0.3, 1.0];
        double[][] q = Turned(board, head, query, 0, Positions), k = Turned(board, head, key, 0, Positions);
        double[] scores = [.. q.SelectMany(a => k.Select(b => Product(a, b)))];
        board.Show("scores", StageKind.Numbers, Numbers(Positions), Numbers(Positions), scores);

        board.Check("loops", q.SelectMany((turned, position) => turned.Zip(WrittenOut(query, position, frequencies), (a, b) => a - b)), LessonBoard.Rounding);
        board.Check("constant", rotary.Select(product => product - rotary[0]), LessonBoard.Rounding);
        board.Check("cosine", [rotary[0] - Length(s_query) * Length(s_key) * Math.Cos(Angle(s_query) - Angle(s_key) + QueryAt - KeyAt)], LessonBoard.Rounding);
        board.Check("diagonals", Enumerable.Range(0, (Positions - 1) * Positions).Where(i => i % Positions < Positions - 1)
            .Select(i => scores[i] - scores[i + Positions + 1]), LessonBoard.Rounding);
        board.Check("lengths", q.Select(turned => Length(turned) - Length(query)), LessonBoard.Rounding);
        return board.Result;
    }

    /// <summary>A vector at several positions, turned as models turn it.</summary>
    private static double[][] Turned(LessonBoard board, RotaryPositions<double> rotary, double[] vector, int first, int count)
    {
        Tensor<double> same = board.Tape.Copy<double>([.. Enumerable.Repeat(vector, count).SelectMany(copy => copy)], [1, 1, count, vector.Length]);
        return [.. rotary.Forward(board.Tape.Constant(same), first).Value.Span.ToArray().Chunk(vector.Length)];
    }

    /// <summary>The same with plain sines and cosines: number i of the first half and number i of the second are the hand of clock i.</summary>
    private static double[] WrittenOut(double[] vector, int position, double[] frequencies)
    {
        double[] turned = new double[vector.Length];
        int half = vector.Length / 2;
        for (int i = 0; i < half; i++)
        {
            double cos = Math.Cos(position * frequencies[i]), sin = Math.Sin(position * frequencies[i]);
            turned[i] = vector[i] * cos - vector[i + half] * sin;
            turned[i + half] = vector[i] * sin + vector[i + half] * cos;
        }
        return turned;
    }

    /// <summary>What is done without rotation: the position's own wave is added.</summary>
    private static double[] Added(double[] vector, int position) => [vector[0] + Math.Sin(position), vector[1] + Math.Cos(position)];

    private static double Product(double[] a, double[] b) => a.Zip(b, (x, y) => x * y).Sum();

    private static double Length(double[] vector) => Math.Sqrt(Product(vector, vector));

    private static double Angle(double[] vector) => Math.Atan2(vector[1], vector[0]);

    private static string[] Numbers(int count) => [.. Enumerable.Range(0, count).Select(i => i.ToString(CultureInfo.InvariantCulture))];
}
