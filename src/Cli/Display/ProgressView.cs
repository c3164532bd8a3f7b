using MiniGpt.Cli.Speech;
using MiniGpt.Model.Training;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace MiniGpt.Cli.Display;

/// <summary>
/// A progress bar, the losses with a small curve, and the other numbers of a run, on as many lines as the width of the terminal asks for.
/// Numbers keep their width, so that nothing moves from frame to frame.
/// </summary>
internal sealed class ProgressView : Renderable
{
    private const int ShortestDrawing = 8;
    private const int RoomBehind = 1;
    private const string Blocks = "▁▂▃▄▅▆▇█";
    private const string AsciiBlocks = "_.-=+*%#";

    private static readonly Style s_label = new(Color.Grey);
    private static readonly Style s_bar = new(Color.Green);
    private static readonly Style s_curve = new(Color.Aqua);

    public TrainingProgress Progress { get; set; } = new(0);

    /// <summary>How far an evaluation is that takes long; null where there is none.</summary>
    public StageProgress? Evaluation { get; set; }

    protected override IEnumerable<Segment> Render(RenderOptions options, int maxWidth)
    {
        List<Segment> all = [];
        if (Progress.Last.Step > 0)
            DrawSteps(all, options, maxWidth - RoomBehind); // text in the last column wraps on some terminals
        if (Evaluation is IRenderable evaluation)
            all.AddRange(evaluation.Render(options, maxWidth));
        return all;
    }

    private void DrawSteps(List<Segment> all, RenderOptions options, int width)
    {
        List<Segment> line = [];
        DrawBar(line, width, options.Unicode);
        End();
        DrawLosses(line);
        if (width - Segment.CellCount(line) <= ShortestDrawing)
            End();
        DrawCurve(line, width - Segment.CellCount(line), options.Unicode);
        End();
        foreach ((string label, string value) in Numbers())
        {
            int length = Prose.Columns(label) + 1 + value.Length;
            if (line.Count > 0 && Segment.CellCount(line) + 2 + length > width)
                End();
            Write(line, line.Count > 0 ? $"  {label} " : $"{label} ", value);
        }
        End();

        void End()
        {
            all.AddRange(Segment.Truncate(line, width));
            all.Add(Segment.LineBreak);
            line.Clear();
        }
    }

    private void DrawBar(List<Segment> line, int width, bool unicode)
    {
        string steps = Progress.Steps.ToString();
        Write(line, $"{Messages.Of("live.step")} ", $"{Progress.Last.Step.ToString().PadLeft(steps.Length)}/{steps} ");
        string left = $" {Talk.Left(Progress.Share, Progress.TimeLeft)}";
        int columns = width - Segment.CellCount(line) - Prose.Columns(left);
        if (columns >= ShortestDrawing)
        {
            int full = (int)(columns * Progress.Share);
            line.Add(new Segment(new string(unicode ? '━' : '#', full), s_bar));
            line.Add(new Segment(new string(unicode ? '─' : '-', columns - full), s_label));
        }
        line.Add(new Segment(left));
    }

    private void DrawLosses(List<Segment> line)
    {
        Write(line, $"{Messages.Of("live.loss")} ", $"{Progress.Loss:F4}  ");
        if (Progress.Evaluation is { ValidationLoss: double validation })
            Write(line, $"{Messages.Of("live.validation")} ", $"{validation:F4}  ");
    }

    private void DrawCurve(List<Segment> line, int columns, bool unicode)
    {
        string blocks = unicode ? Blocks : AsciiBlocks;
        double[] heights = Progress.Curve(columns);
        line.Add(new Segment(string.Concat(heights.Select(height => blocks[(int)(height * (blocks.Length - 1))])), s_curve));
    }

    private IEnumerable<(string Label, string Value)> Numbers()
    {
        yield return (Messages.Of("live.learning-rate"), $"{Progress.Last.LearningRate:0.00e+0}");
        yield return (Messages.Of("live.gradient-norm"), $"{Progress.Last.GradientNorm,6:F3}");
        yield return (Messages.Of("live.speed"), $"{Progress.TokensPerSecond,9:N0}");
        yield return (Messages.Of("live.mfu"), $"{Progress.Mfu,6:P1}");
    }

    private static void Write(List<Segment> line, string label, string value)
    {
        line.Add(new Segment(label, s_label));
        line.Add(new Segment(value));
    }
}
