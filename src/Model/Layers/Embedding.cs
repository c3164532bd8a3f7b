using System.Numerics;
using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;
using MiniGpt.Tensors;

namespace MiniGpt.Model.Layers;

/// <summary>A table with a vector for each id.</summary>
public sealed class Embedding<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    internal Embedding(ParameterSet<T> parameters, string name, int count, int width, double standardDeviation, bool isTrained = true) =>
        Table = parameters.Add($"{name}.weight", [count, width], Initialization.Normal(standardDeviation), isTrained);

    /// <summary>[V, C].</summary>
    public Parameter<T> Table { get; }

    /// <summary>Ids [...] to vectors [..., C].</summary>
    public Variable<T> Forward(Tape<T> tape, Tensor<int> ids) => tape.Embedding(Table.Variable, ids);
}
