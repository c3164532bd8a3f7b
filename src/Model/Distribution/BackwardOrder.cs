using System.Numerics;
using MiniGpt.Model.Layers;

namespace MiniGpt.Model.Distribution;

/// <summary>
/// Learns in one backward pass which node is the last to write to the gradient of each parameter, so that in the next one of the same graph
/// a gradient is known to be complete long before the pass is over.
/// </summary>
/// <param name="parameters">The parameters, in the order of the model.</param>
internal sealed class BackwardOrder<T>(IReadOnlyList<Parameter<T>> parameters)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly int[] _writes = new int[parameters.Count]; // seen so far
    private readonly int[] _last = new int[parameters.Count];
    private int _nodes = -1; // of the graph that is known
    private bool _learns;

    /// <summary>Begins a pass.</summary>
    /// <param name="nodes">The nodes of its graph.</param>
    /// <returns>Whether the order is known.</returns>
    public bool Begin(int nodes)
    {
        _learns = nodes != _nodes;
        _nodes = nodes;
        if (!_learns)
            return true;
        for (int i = 0; i < parameters.Count; i++)
            (_writes[i], _last[i]) = (parameters[i].Variable.GradientWrites, 0);
        return false;
    }

    /// <summary>A node has run backward.</summary>
    /// <param name="left">How many nodes are left.</param>
    public void Passed(int left)
    {
        if (!_learns)
            return;
        for (int i = 0; i < parameters.Count; i++)
        {
            if (parameters[i].Variable.GradientWrites != _writes[i])
                (_writes[i], _last[i]) = (parameters[i].Variable.GradientWrites, left);
        }
    }

    /// <summary>With how many nodes left the gradient of a parameter is complete; 0, after all of them, where nothing writes to it.</summary>
    /// <param name="index">The number of the parameter.</param>
    public int CompleteAt(int index) => _last[index];
}
