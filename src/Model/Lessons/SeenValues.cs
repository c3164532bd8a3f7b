using MiniGpt.Autograd;
using MiniGpt.Model.Layers;

namespace MiniGpt.Model.Lessons;

/// <summary>Keeps what a forward pass shows: of each stage and layer the last value.</summary>
internal sealed class SeenValues : IForwardObserver<double>
{
    private readonly Dictionary<(ForwardStage, int), double[]> _values = [];

    /// <summary>The numbers of a stage, as they lie in memory.</summary>
    public double[] Of(ForwardStage stage, int layer = 0) => _values[(stage, layer)];

    public Variable<double> See(ForwardStage stage, int layer, Variable<double> value)
    {
        // Copied, since the tape's memory is used again by the next pass.
        _values[(stage, layer)] = value.Value.Span.ToArray();
        return value;
    }
}
