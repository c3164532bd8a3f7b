using System.Numerics;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace MiniGpt.Model.Layers;

/// <summary>
/// The parameters of a model in one flat buffer, what is trained first, and of that the matrices first: whatever goes through all of them,
/// an optimizer or a norm, makes one pass over memory. Layers add theirs when they are made; memory comes when the first number is asked for.
/// </summary>
/// <example><code>
/// ParameterSet&lt;float&gt; parameters = new();
/// Linear&lt;float&gt; layer = new(parameters, "layer", inputs: 16, outputs: 4, Initialization.Normal(0.1));
/// parameters.Initialize(seed: 1);
/// </code></example>
public sealed class ParameterSet<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    // Each parameter starts on a cache line, in both precisions.
    private const int Alignment = 16;

    private readonly List<Parameter<T>> _parameters = [];
    private readonly HashSet<string> _names = [];
    private readonly Dictionary<Parameter<T>, long> _starts = [];
    private readonly Lock _lock = new();
    private Tensor<T> _values;
    private int _trained;

    /// <summary>The parameters in the order of the model.</summary>
    public IReadOnlyList<Parameter<T>> All => _parameters;

    /// <summary>Those that training changes, in the order of the model.</summary>
    public IEnumerable<Parameter<T>> Trained => _parameters.Where(parameter => parameter.IsTrained);

    /// <summary>How many numbers training can change.</summary>
    public long TrainedCount => Trained.Sum(parameter => parameter.Shape.Count);

    /// <summary>All values; between two parameters there may be a few zeros.</summary>
    /// <exception cref="ArgumentException">They are more than one buffer can hold.</exception>
    /// <exception cref="InvalidOperationException">The model is only read: its numbers lie elsewhere.</exception>
    public Tensor<T> Values
    {
        get
        {
            Allocate();
            return _values;
        }
    }

    /// <summary>The gradients of what is trained, laid out as the beginning of <see cref="Values"/>; empty until <see cref="AllocateGradients"/>.</summary>
    public Tensor<T> Gradients { get; private set; }

    internal bool IsAllocated => !_values.IsEmpty;

    /// <summary>Adds a parameter; layers do so when they are made.</summary>
    /// <param name="name">Its name, each once.</param>
    /// <param name="shape">The sizes of its axes.</param>
    /// <param name="initialization">How it starts.</param>
    /// <param name="role">What it is for.</param>
    /// <param name="parts">How the rows divide where several matrices lie in one; left out, not at all.</param>
    /// <exception cref="ArgumentException">The name is taken, or the parts are not all rows.</exception>
    /// <exception cref="InvalidOperationException">The parameters have their memory already.</exception>
    public Parameter<T> Add(string name, Shape shape, Initialization initialization, ParameterRole role, params IReadOnlyList<int> parts)
    {
        if (IsAllocated)
            throw new InvalidOperationException($"The parameters have their memory: {name} comes too late.");
        Require.That(_names.Add(name), $"there are two parameters called {name}");
        Require.That(parts.Count == 0 || parts.Sum() == shape[0], $"the parts {string.Join(", ", parts)} of {name} are not its {shape[0]} rows");
        Parameter<T> parameter = parts.Count == 0
            ? new(this, name, shape, initialization, role)
            : new(this, name, shape, initialization, role) { Parts = parts };
        _parameters.Add(parameter);
        return parameter;
    }

    /// <summary>A parameter's part of a buffer that is laid out as <see cref="Values"/>, or as <see cref="Gradients"/>, in its shape.</summary>
    public Tensor<T> PartOf(Tensor<T> flat, Parameter<T> parameter) =>
        flat.Slice(0, StartOf(parameter), checked((int)parameter.Shape.Count)).Reshape(parameter.Shape);

    /// <summary>Where a parameter begins in the flat buffers.</summary>
    internal int StartOf(Parameter<T> parameter)
    {
        Allocate();
        return checked((int)_starts[parameter]);
    }

    /// <summary>Gives every trained parameter a place for its gradient; does nothing the second time.</summary>
    public void AllocateGradients()
    {
        if (!Gradients.IsEmpty)
            return;
        Allocate();
        Gradients = new Tensor<T>([_trained]);
        foreach (Parameter<T> parameter in Trained)
            parameter.Variable.KeepGradientIn(PartOf(Gradients, parameter));
    }

    /// <summary>The Euclidean norm of all gradients together. One that nothing was written to since <see cref="ClearGradients"/> is zero.</summary>
    public double GradientNorm()
    {
        CompleteGradients();
        return Math.Sqrt(Reductions.SumOfSquares(Gradients));
    }

    /// <summary>Makes gradients zero that nothing was written to since <see cref="ClearGradients"/>.</summary>
    internal void CompleteGradients()
    {
        foreach (Parameter<T> parameter in _parameters)
        {
            if (parameter.IsTrained && !parameter.Variable.HasGradient)
                Elementwise.Fill(parameter.Variable.GradientTarget(out _), T.Zero);
        }
    }

    /// <summary>Forgets the gradients: the next backward pass overwrites them.</summary>
    public void ClearGradients()
    {
        foreach (Parameter<T> parameter in _parameters)
            parameter.Variable.ClearGradient();
    }

    /// <summary>
    /// Neighbours in the flat buffers that are trained, are chosen by a rule and decay alike, as one run each.
    /// </summary>
    /// <param name="isChosen">The rule.</param>
    public IReadOnlyList<(int Start, int Length, bool Decays)> Runs(Func<Parameter<T>, bool> isChosen)
    {
        Allocate();
        List<(int Start, int Length, bool Decays)> runs = [];
        foreach (Parameter<T> parameter in Trained.Where(isChosen).OrderBy(parameter => _starts[parameter]))
        {
            int start = StartOf(parameter), length = checked((int)Padded(parameter));
            if (runs.Count > 0 && runs[^1].Start + runs[^1].Length == start && runs[^1].Decays == parameter.Decays)
                runs[^1] = runs[^1] with { Length = runs[^1].Length + length };
            else
                runs.Add((start, length, parameter.Decays));
        }
        return runs;
    }

    /// <summary>The last parameter of the model, the first that a backward pass reaches, of which a number is not finite; null if all are.</summary>
    /// <param name="flat">The values, the gradients or a buffer laid out as one of them.</param>
    public Parameter<T>? LastNotFinite(Tensor<T> flat)
    {
        for (int i = _parameters.Count - 1; i >= 0; i--)
        {
            if (!_parameters[i].IsTrained && flat.Count < Values.Count)
                continue; // it has no gradient
            if (!TensorPrimitives.IsFiniteAll<T>(PartOf(flat, _parameters[i]).Span))
                return _parameters[i];
        }
        return null;
    }

    /// <summary>Draws the first values. A parameter's numbers depend on the seed and on its place in the model alone.</summary>
    public void Initialize(ulong seed)
    {
        for (int i = 0; i < _parameters.Count; i++)
        {
            Parameter<T> parameter = _parameters[i];
            Initialization start = parameter.Initialization;
            Span<T> values = parameter.Value.Span;
            if (start.Part is int part)
            {
                values.Clear();
                int row = values.Length / parameter.Shape[0];
                values = values.Slice(parameter.Parts.Take(part).Sum() * row, parameter.Parts[part] * row);
            }

            if (start.StandardDeviation == 0)
                values.Fill(T.CreateChecked(start.Mean));
            else
                new RandomStream(seed, RandomPurpose.Initialisation, example: (ulong)i).FillNormal(values, start.Mean, start.StandardDeviation);
        }
    }

    internal Tensor<T> ValueOf(Parameter<T> parameter) => PartOf(Values, parameter);

    private void Allocate()
    {
        lock (_lock)
        {
            if (IsAllocated)
                return;
            if (_parameters.Find(parameter => parameter.IsHeld) is { } held)
                throw new InvalidOperationException($"A model that is only read has no flat buffer: {held.Name} lies elsewhere.");

            long end = 0;
            foreach (Parameter<T> parameter in _parameters
                .OrderByDescending(parameter => parameter.IsTrained).ThenByDescending(parameter => parameter.Decays))
            {
                _starts[parameter] = end;
                end += Padded(parameter);
                Require.That(end <= int.MaxValue, $"a model of more than {end - 1} parameters is more than the {int.MaxValue} that one buffer can hold");
                _trained = parameter.IsTrained ? (int)end : _trained;
            }
            _values = new Tensor<T>([Math.Max(1, (int)end)]);
        }
    }

    /// <summary>How many numbers of a flat buffer a parameter takes.</summary>
    internal static long Padded(Parameter<T> parameter) => (parameter.Shape.Count + Alignment - 1) / Alignment * Alignment;
}
