using System.Numerics;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors;

namespace MiniGpt.Model.Optimization;

/// <summary>AdamW's settings (Loshchilov and Hutter 2019).</summary>
/// <param name="Beta1">How slowly the mean of the gradients changes, in [0, 1).</param>
/// <param name="Beta2">How slowly the mean of their squares changes, in [0, 1).</param>
/// <param name="Epsilon">Keeps the update finite where gradients are zero.</param>
/// <param name="WeightDecay">The decay of matrices in one step is the learning rate times this.</param>
public readonly record struct AdamWOptions(double Beta1, double Beta2, double Epsilon, double WeightDecay);

/// <summary>AdamW (Loshchilov and Hutter 2019), with weight decay on matrices alone, as passes over flat buffers.</summary>
public sealed class AdamW<T> : Optimizer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly AdamWOptions _options;
    private readonly Run[] _runs; // an array, so that going through it allocates nothing

    /// <summary>Makes an optimizer whose moments are zero, and places for the gradients.</summary>
    /// <param name="parameters">The parameters of the model.</param>
    /// <param name="options">The settings.</param>
    /// <param name="isOwn">Which of them it updates; left out, all that are trained.</param>
    public AdamW(ParameterSet<T> parameters, AdamWOptions options, Func<Parameter<T>, bool>? isOwn = null)
        : base(parameters)
    {
        isOwn ??= _ => true;
        _options = options;
        _runs = [.. parameters.Runs(isOwn).Select(run => new Run(run.Start, new Tensor<T>([run.Length]), new Tensor<T>([run.Length]), run.Decays))];
        Parameter<T>[] own = [.. parameters.Trained.Where(isOwn)];
        State = [StateOf("m", run => run.First), StateOf("v", run => run.Second)];

        OptimizerState<T> StateOf(string name, Func<Run, Tensor<T>> values) => new(name, [.. own.Select(parameter => (parameter, PartOf(parameter, values)))]);
    }

    /// <summary>m, the mean of the gradients, and v, the mean of their squares.</summary>
    public override IReadOnlyList<OptimizerState<T>> State { get; }

    /// <inheritdoc/>
    protected override void Apply(double learningRate, double gradientScale)
    {
        foreach ((int start, Tensor<T> first, Tensor<T> second, bool decays) in _runs)
        {
            Tensors.Kernels.AdamW.Update(
                Parameters.Values.Slice(0, start, first.Shape[0]),
                Parameters.Gradients.Slice(0, start, first.Shape[0]),
                first,
                second,
                T.CreateChecked(learningRate),
                T.CreateChecked(_options.Beta1),
                T.CreateChecked(_options.Beta2),
                T.CreateChecked(_options.Epsilon),
                T.CreateChecked(decays ? _options.WeightDecay : 0),
                T.CreateChecked(gradientScale),
                Step);
        }
    }

    private Tensor<T> PartOf(Parameter<T> parameter, Func<Run, Tensor<T>> values)
    {
        int start = Parameters.StartOf(parameter);
        Run run = _runs.Last(run => run.Start <= start);
        return values(run).Slice(0, start - run.Start, checked((int)parameter.Shape.Count)).Reshape(parameter.Shape);
    }

    /// <summary>Neighbours in the flat buffers that are updated in one pass.</summary>
    private sealed record Run(int Start, Tensor<T> First, Tensor<T> Second, bool Decays);
}
