using MiniGpt.Autograd;
using MiniGpt.Tensors;

namespace MiniGpt.Model.Lessons;

/// <summary>Where a lesson computes and puts down what it shows. Lessons compute in double, with the operators that models are made of.</summary>
internal sealed class LessonBoard : IDisposable
{
    /// <summary>Numbers that were published with four decimals.</summary>
    public const double FourDecimals = 5e-5;

    /// <summary>Two ways to one result, in double.</summary>
    public const double Rounding = 1e-12;

    private readonly List<LessonStage> _stages = [];
    private readonly List<LessonCheck> _checks = [];

    public Tape<double> Tape { get; } = new();

    public LessonResult Result => new(_stages, _checks);

    /// <summary>A matrix of given numbers.</summary>
    public Variable<double> Matrix(double[,] values) =>
        Tape.Constant(Tensor<double>.From([.. values.Cast<double>()], [values.GetLength(0), values.GetLength(1)]));

    /// <summary>Names such as d1, d2, d3.</summary>
    public static string[] Names(string letter, int count) => [.. Enumerable.Range(1, count).Select(i => $"{letter}{i}")];

    public void Show(string key, StageKind kind, IReadOnlyList<string> rows, IReadOnlyList<string> columns, Variable<double> values) =>
        Show(key, kind, rows, columns, values.Value.Span.ToArray());

    public void Show(string key, StageKind kind, IReadOnlyList<string> rows, IReadOnlyList<string> columns, double[] values, LessonSlider? slider = null) =>
        Show(new LessonStage(key, kind, rows, columns, values) { Slider = slider });

    public void Show(LessonStage stage)
    {
        if (stage.Values.Count != stage.Frames * stage.Rows.Count * stage.Columns.Count)
            throw new ArgumentException($"{stage.Values.Count} numbers do not fill {stage.Frames} times {stage.Rows.Count} rows of {stage.Columns.Count}.");
        _stages.Add(stage);
    }

    /// <summary>A text cut in some ways, a row for each.</summary>
    public void ShowPieces(string key, IReadOnlyList<string> rows, IReadOnlyList<LessonPiece> pieces, LessonSlider? slider = null) =>
        Show(new LessonStage(key, StageKind.Pieces, rows, [], []) { Pieces = pieces, Slider = slider });

    public void Check(string key, Variable<double> actual, double[,] expected, double tolerance) =>
        Check(key, actual, Matrix(expected), tolerance);

    public void Check(string key, Variable<double> actual, Variable<double> expected, double tolerance) =>
        Check(key, actual.Value.Span.ToArray().Zip(expected.Value.Span.ToArray(), (a, b) => a - b), tolerance);

    public void Check(string key, IEnumerable<double> differences, double tolerance) =>
        _checks.Add(new LessonCheck(key, differences.Max(Math.Abs), tolerance));

    /// <summary>That the rows of weights sum to one.</summary>
    public void CheckRows(Variable<double> weights) =>
        Check("rows", weights.Value.Span.ToArray().Chunk(weights.Shape[-1]).Select(row => row.Sum() - 1), Rounding);

    public void Dispose() => Tape.Dispose();
}
