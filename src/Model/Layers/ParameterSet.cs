using System.Numerics;
using MiniGpt.Tensors;

namespace MiniGpt.Model.Layers;

/// <summary>
/// The parameters of a model in one flat buffer, matrices first: whatever goes through all of them, an optimizer or a norm, makes one
/// pass over memory.
/// </summary>
public sealed class ParameterSet<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    // Each parameter starts on a cache line, in both precisions.
    private const int Alignment = 16;

    private readonly List<Parameter<T>> _parameters = [];
    private long[] _starts = [];

    /// <summary>The parameters in the order of the model.</summary>
    public IReadOnlyList<Parameter<T>> All => _parameters;

    /// <summary>All values; between two parameters there may be a few zeros.</summary>
    public Tensor<T> Values { get; private set; }

    /// <summary>All gradients, laid out as <see cref="Values"/>; empty until <see cref="AllocateGradients"/>.</summary>
    public Tensor<T> Gradients { get; private set; }

    /// <summary>Where a parameter starts in the flat buffers.</summary>
    public long StartOf(int index) => _starts[index];

    /// <summary>A parameter's part of a flat buffer, in the parameter's shape.</summary>
    public Tensor<T> PartOf(Tensor<T> flat, int index)
    {
        Shape shape = _parameters[index].Shape;
        return flat.Slice(0, checked((int)_starts[index]), checked((int)shape.Count)).Reshape(shape);
    }

    /// <summary>Gives every parameter a place for its gradient; does nothing the second time.</summary>
    public void AllocateGradients()
    {
        if (!Gradients.IsEmpty)
        {
            return;
        }

        Gradients = new Tensor<T>(Values.Shape);
        for (int i = 0; i < _parameters.Count; i++)
        {
            _parameters[i].Variable.KeepGradientIn(PartOf(Gradients, i));
        }
    }

    /// <summary>The last parameter of the model, the first that a backward pass reaches, of which a number is not finite; null if all are.</summary>
    /// <param name="flat">The values, the gradients or a buffer laid out as they are.</param>
    public Parameter<T>? LastNotFinite(Tensor<T> flat)
    {
        for (int i = _parameters.Count - 1; i >= 0; i--)
        {
            foreach (T number in PartOf(flat, i).Span)
            {
                if (!T.IsFinite(number))
                {
                    return _parameters[i];
                }
            }
        }

        return null;
    }

    internal Parameter<T> Add(string name, Shape shape, Initialization initialization, bool isTrained = true)
    {
        var parameter = new Parameter<T>(name, shape, initialization, isTrained);
        _parameters.Add(parameter);
        return parameter;
    }

    /// <summary>Allocates the values, once all layers have added theirs.</summary>
    internal void Allocate()
    {
        _starts = new long[_parameters.Count];
        long end = 0;
        foreach (bool decays in (ReadOnlySpan<bool>)[true, false])
        {
            for (int i = 0; i < _parameters.Count; i++)
            {
                if (_parameters[i].Decays == decays)
                {
                    _starts[i] = end;
                    end += (_parameters[i].Shape.Count + Alignment - 1) / Alignment * Alignment;
                }
            }
        }

        Require.That(end <= int.MaxValue, $"a model of {end} parameters is more than the {int.MaxValue} that one buffer can hold");
        Values = new Tensor<T>([(int)end]);
        for (int i = 0; i < _parameters.Count; i++)
        {
            _parameters[i].Place(PartOf(Values, i));
        }
    }

    /// <summary>Draws the first values. A parameter's numbers depend on the seed and on its place in the model alone.</summary>
    internal void Initialize(ulong seed)
    {
        for (int i = 0; i < _parameters.Count; i++)
        {
            Parameter<T> parameter = _parameters[i];
            Initialization start = parameter.Initialization;
            if (start.StandardDeviation == 0)
            {
                parameter.Value.Span.Fill(T.CreateChecked(start.Mean));
            }
            else
            {
                new RandomStream(seed, RandomPurpose.Initialisation, example: (ulong)i)
                    .FillNormal(parameter.Value.Span, start.Mean, start.StandardDeviation);
            }
        }
    }
}
