using System.Numerics;
using MiniGpt.Model.Distribution;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Threading;

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
        : this(parameters, options, isOwn ?? (_ => true), ownership: null, rank: 0)
    {
    }

    /// <summary>Makes the part of it that one rank has.</summary>
    /// <param name="parameters">The parameters of the model.</param>
    /// <param name="options">The settings.</param>
    /// <param name="isOwn">Which of them it updates.</param>
    /// <param name="ownership">Which rank updates what; null where this process updates everything.</param>
    /// <param name="rank">This rank.</param>
    internal AdamW(ParameterSet<T> parameters, AdamWOptions options, Func<Parameter<T>, bool> isOwn, Ownership? ownership, int rank)
        : base(parameters)
    {
        _options = options;
        Ownership = ownership;
        (FlatRange Range, bool Decays)[] pieces = [.. parameters.Runs(isOwn).SelectMany(run => PiecesOf(new(run.Start, run.Length)).Select(piece => (piece, run.Decays)))];
        int length = pieces.Sum(piece => piece.Range.Length), offset = 0;
        Tensor<T> first = new([Math.Max(1, length)]), second = new([Math.Max(1, length)]);
        _runs = [.. pieces.Select(piece => new Run(piece.Range.Start, Next(first, piece.Range), Next(second, piece.Range, isLast: true), piece.Decays))];
        Parameter<T>[] own = [.. parameters.Trained.Where(isOwn)];
        State = [StateOf("m", run => run.First), StateOf("v", run => run.Second)];

        OptimizerState<T> StateOf(string name, Func<Run, Tensor<T>> values) =>
            new(name, [.. own.Select(parameter => new OptimizerStatePart<T>(parameter, [.. PartOf(parameter, values)]))]);

        FlatRange[] PiecesOf(FlatRange run) => ownership is null ? [run] : FlatRange.And(ownership.Owned(rank), run);

        Tensor<T> Next(Tensor<T> moments, FlatRange piece, bool isLast = false)
        {
            Tensor<T> part = moments.Slice(0, offset, piece.Length);
            offset += isLast ? piece.Length : 0;
            return part;
        }
    }

    /// <summary>m, the mean of the gradients, and v, the mean of their squares.</summary>
    public override IReadOnlyList<OptimizerState<T>> State { get; }

    /// <inheritdoc/>
    protected override void Apply(double learningRate, double gradientScale)
    {
        if (Ownership is null)
        {
            foreach (Run run in _runs)
                Update(run, learningRate, gradientScale);
            return;
        }
        UpdatePieces(learningRate, gradientScale);
    }

    /// <summary>Many pieces, too short to be shared among threads: each thread takes whole ones.</summary>
    private void UpdatePieces(double learningRate, double gradientScale) =>
        Workers.Run(_runs.Length, piece => Update(_runs[piece], learningRate, gradientScale));

    private void Update(Run run, double learningRate, double gradientScale) => Tensors.Kernels.AdamW.Update(
        Parameters.Values.Slice(0, run.Start, run.First.Shape[0]),
        Parameters.Gradients.Slice(0, run.Start, run.First.Shape[0]),
        run.First,
        run.Second,
        T.CreateChecked(learningRate),
        T.CreateChecked(_options.Beta1),
        T.CreateChecked(_options.Beta2),
        T.CreateChecked(_options.Epsilon),
        T.CreateChecked(run.Decays ? _options.WeightDecay : 0),
        T.CreateChecked(gradientScale),
        Step);

    private IEnumerable<(int First, Tensor<T> Numbers)> PartOf(Parameter<T> parameter, Func<Run, Tensor<T>> values)
    {
        FlatRange whole = new(Parameters.StartOf(parameter), checked((int)parameter.Shape.Count));
        foreach (Run run in _runs)
        {
            FlatRange part = whole.And(new(run.Start, run.First.Shape[0]));
            if (part.Length > 0)
                yield return (part.Start - whole.Start, values(run).Slice(0, part.Start - run.Start, part.Length));
        }
    }

    /// <summary>Neighbours in the flat buffers that are updated in one pass.</summary>
    private sealed record Run(int Start, Tensor<T> First, Tensor<T> Second, bool Decays);
}
