using System.Numerics;
using MiniGpt.Autograd;
using MiniGpt.Tensors;

namespace MiniGpt.Model.Layers;

/// <summary>A table with a vector for each id.</summary>
public sealed class Embedding<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Adds the table to a set.</summary>
    /// <param name="parameters">The set.</param>
    /// <param name="name">The layer's name; its parameter is NAME.weight.</param>
    /// <param name="count">V: how many ids there are.</param>
    /// <param name="width">C.</param>
    /// <param name="initialization">How the vectors start.</param>
    /// <param name="role">Whether ids are tokens or positions.</param>
    public Embedding(
        ParameterSet<T> parameters, string name, int count, int width, Initialization initialization,
        ParameterRole role = ParameterRole.Embedding) =>
        Table = parameters.Add($"{name}.weight", [count, width], initialization, role);

    /// <summary>[V, C].</summary>
    public Parameter<T> Table { get; }

    /// <summary>Ids [...] to vectors [..., C].</summary>
    public Variable<T> Forward(Tape<T> tape, Tensor<int> ids) => tape.Embedding(Table, ids);
}
