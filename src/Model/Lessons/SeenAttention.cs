using MiniGpt.Autograd;
using MiniGpt.Model.Layers;

namespace MiniGpt.Model.Lessons;

/// <summary>Keeps the weights of attention that a forward pass of one text shows, in a model of one block with one head.</summary>
/// <param name="stage">Whose weights: those of the text itself, or of its source.</param>
internal sealed class SeenAttention(ForwardStage stage) : IForwardObserver<double>
{
    /// <summary>A row for each position that looks, a weight for each that is looked at.</summary>
    public double[][] Rows { get; private set; } = [];

    /// <summary>How far the sum of each row is from one.</summary>
    public IEnumerable<double> SumErrors => Rows.Select(row => row.Sum() - 1);

    public Variable<double> See(ForwardStage seen, int layer, Variable<double> value)
    {
        // Copied, since the tape's memory is used again by the next pass.
        if (seen == stage)
            Rows = [.. value.Value.Span.ToArray().Chunk(value.Shape[-1])];
        return value;
    }
}
