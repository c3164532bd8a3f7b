using System.Numerics;
using MiniGpt.Model.Distribution;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors;

namespace MiniGpt.Model.Optimization;

/// <summary>Muon's settings (Jordan et al. 2024).</summary>
/// <param name="PeakRate">The highest learning rate of the schedule: the share of it that a step has is the share of <paramref name="MatrixRate"/>.</param>
/// <param name="MatrixRate">The learning rate of the matrices at the peak.</param>
/// <param name="WeightDecay">Matrices shrink in one step by their learning rate times this.</param>
public readonly record struct MuonOptions(double PeakRate, double MatrixRate, double WeightDecay);

/// <summary>
/// Muon for the matrices of a model, AdamW for the rest: embeddings, the head, gains and biases. Momentum rises over the first steps, as in
/// Jordan's speedruns.
/// </summary>
public sealed class Muon<T> : Optimizer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const double FirstMomentum = 0.85;
    private const double Momentum = 0.95;
    private const int StepsToMomentum = 300;

    private readonly MuonOptions _options;
    private readonly MuonUpdate<T> _matrices = new(MuonPolynomials.FourSteps);
    private readonly AdamW<T> _others;

    /// <summary>Makes an optimizer whose state is zero, and places for the gradients.</summary>
    /// <param name="parameters">The parameters of the model.</param>
    /// <param name="options">The settings of Muon.</param>
    /// <param name="others">The settings of AdamW, for what is no matrix.</param>
    public Muon(ParameterSet<T> parameters, MuonOptions options, AdamWOptions others)
        : this(parameters, options, others, ownership: null, rank: 0)
    {
    }

    /// <summary>Makes the part of it that one rank has: whole matrices, and a piece of the rest.</summary>
    /// <param name="parameters">The parameters of the model.</param>
    /// <param name="options">The settings of Muon.</param>
    /// <param name="others">The settings of AdamW, for what is no matrix.</param>
    /// <param name="ownership">Which rank updates what; null where this process updates everything.</param>
    /// <param name="rank">This rank.</param>
    internal Muon(ParameterSet<T> parameters, MuonOptions options, AdamWOptions others, Ownership? ownership, int rank)
        : base(parameters)
    {
        _options = options;
        Ownership = ownership;
        _others = new AdamW<T>(parameters, others, parameter => !IsMatrix(parameter), ownership, rank);
        State = [new("momentum", [.. parameters.Trained.Where(IsMatrix).Select(matrix => new OptimizerStatePart<T>(matrix, Add(matrix)))]), .. _others.State];

        // The parts of a matrix are updated one by one, whoever does it.
        List<(int First, Tensor<T> Numbers)> Add(Parameter<T> matrix)
        {
            if (ownership is null)
            {
                Tensor<T> mean = new(matrix.Shape);
                _matrices.Add(matrix.Value, parameters.PartOf(parameters.Gradients, matrix), mean, [.. matrix.Parts]);
                return [(0, mean)];
            }
            List<(int First, Tensor<T> Numbers)> own = [];
            foreach (FlatRange part in Ownership.PartsOf(parameters, matrix).Where(part => FlatRange.And(ownership.Owned(rank), part).Length > 0))
            {
                Shape shape = [part.Length / matrix.Shape[1], matrix.Shape[1]];
                Tensor<T> mean = new(shape);
                _matrices.Add(
                    parameters.Values.Slice(0, part.Start, part.Length).Reshape(shape), parameters.Gradients.Slice(0, part.Start, part.Length).Reshape(shape), mean);
                own.Add((part.Start - parameters.StartOf(matrix), mean.Reshape([part.Length])));
            }
            return own;
        }
    }

    /// <summary>momentum, of the matrices, and AdamW's m and v of the rest.</summary>
    public override IReadOnlyList<OptimizerState<T>> State { get; }

    /// <inheritdoc/>
    protected override void Apply(double learningRate, double gradientScale)
    {
        double share = Math.Min(1, (double)Step / StepsToMomentum);
        _matrices.Apply(
            _options.MatrixRate * learningRate / _options.PeakRate, FirstMomentum + share * (Momentum - FirstMomentum), _options.WeightDecay,
            gradientScale);
        _others.Step = Step - 1;
        _others.Update(learningRate, gradientScale);
    }

    /// <summary>Whether a parameter is updated by Muon, as a whole matrix.</summary>
    internal static bool IsMatrix(Parameter<T> parameter) => parameter.Role == ParameterRole.Matrix;
}
