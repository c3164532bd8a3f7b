using System.Diagnostics;

namespace MiniGpt.Model.Training;

/// <summary>How far a run has come, for those who watch it: smoothed numbers, the curve of the loss, the time left.</summary>
/// <param name="steps">The step that the run ends with.</param>
public sealed class TrainingProgress(int steps)
{
    private const double Memory = 0.9;
    private const int MostPoints = 512;

    private readonly List<double> _curve = [];
    private readonly long _start = Stopwatch.GetTimestamp();
    private int _stepsAPoint = 1;
    private int _seen, _averaged;
    private double _weight, _loss, _speed, _mfu;

    /// <summary>The step that the run ends with.</summary>
    public int Steps => steps;

    /// <summary>The last step.</summary>
    public StepMetrics Last { get; private set; }

    /// <summary>The last evaluation, if there was one.</summary>
    public EvaluationMetrics? Evaluation { get; private set; }

    /// <summary>
    /// The loss, later steps counting more: an exponential moving average without its pull towards 0 at the start. Steps that were passed over
    /// are not in it, nor in the other averages; NaN before the first that was not.
    /// </summary>
    public double Loss => _loss / _weight;

    /// <summary>Tokens a second, smoothed as the loss is.</summary>
    public double TokensPerSecond => _speed / _weight;

    /// <summary>The share of the multiply-add ceiling, smoothed as the loss is.</summary>
    public double Mfu => _mfu / _weight;

    /// <summary>The share of the steps that are done.</summary>
    public double Share => (double)Last.Step / steps;

    /// <summary>How long the rest will take if it goes on as it went.</summary>
    public TimeSpan TimeLeft => _seen == 0 ? TimeSpan.Zero : Stopwatch.GetElapsedTime(_start) * ((double)(steps - Last.Step) / _seen);

    /// <summary>Takes in a step, or one that was passed over: it counts as done, and its numbers as none.</summary>
    public void Add(in StepMetrics step)
    {
        Last = step;
        _seen++;
        if (!double.IsFinite(step.Loss))
            return;
        _weight = Memory * _weight + (1 - Memory);
        _loss = Memory * _loss + (1 - Memory) * step.Loss;
        _speed = Memory * _speed + (1 - Memory) * step.TokensPerSecond;
        _mfu = Memory * _mfu + (1 - Memory) * step.Mfu;
        if (_averaged++ % _stepsAPoint == 0)
            _curve.Add(Loss);
        if (_curve.Count > MostPoints)
        {
            // Every other point, so that a curve of any length fits.
            for (int i = 0; 2 * i < _curve.Count; i++)
                _curve[i] = _curve[2 * i];
            _curve.RemoveRange(_curve.Count / 2 + 1, _curve.Count - _curve.Count / 2 - 1);
            _stepsAPoint *= 2;
        }
    }

    /// <summary>Takes in an evaluation.</summary>
    public void Add(in EvaluationMetrics evaluation) => Evaluation = evaluation;

    /// <summary>The curve of the smoothed loss, from the first step to the last, as heights between 0 (lowest) and 1 (highest).</summary>
    /// <param name="columns">The most heights to return.</param>
    public double[] Curve(int columns)
    {
        double[] heights = new double[Math.Clamp(columns, 0, _curve.Count)];
        for (int column = 0; column < heights.Length; column++)
            heights[column] = _curve[(int)((column + 1L) * _curve.Count / heights.Length) - 1];
        if (heights.Length == 0)
            return heights;
        double least = heights.Min(), range = heights.Max() - least;
        return Array.ConvertAll(heights, height => range > 0 ? (height - least) / range : 0.5);
    }
}
