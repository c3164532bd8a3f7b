using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors;

namespace MiniGpt.Model.Lessons;

/// <summary>Positions as waves, from fast to slow.</summary>
internal static class PositionsLesson
{
    private const int Positions = 12;
    private const int Width = 8;

    public static LessonResult Run()
    {
        using LessonBoard board = new();
        Tensor<double> table = board.Tape.Allocate<double>([Positions, Width]);
        SinusoidalPositions.Fill(table);
        Variable<double> waves = board.Tape.Constant(table);
        string[] positions = [.. Enumerable.Range(0, Positions).Select(position => $"{position}")];
        string[] dimensions = [.. Enumerable.Range(0, Width).Select(column => $"{(column % 2 == 0 ? "sin" : "cos")} {column / 2}")];
        Variable<double> similarity = waves.MatMul(waves, transposeB: true);
        board.Show("waves", StageKind.Lines, positions, dimensions, waves);
        board.Show("table", StageKind.Numbers, positions, dimensions, waves);
        board.Show("similarity", StageKind.Numbers, positions, positions, similarity);

        board.Check("first", Enumerable.Range(0, Width).Select(column => table[0, column] - column % 2), tolerance: 0);
        board.Check("circle", table.Span.ToArray().Chunk(2).Select(pair => pair[0] * pair[0] + pair[1] * pair[1] - 1), LessonBoard.Rounding);
        board.Check("distance", Enumerable.Range(0, Positions - 3)
            .Select(position => similarity.Value[position, position + 3] - similarity.Value[0, 3]), LessonBoard.Rounding);
        return board.Result;
    }
}
