using System.Numerics;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;

namespace MiniGpt.Model.Optimization;

/// <summary>
/// Updates matrices by Muon (Jordan et al. 2024): momentum, its direction orthogonalised, weight decay. What is stacked in one matrix for
/// speed alone, such as queries, keys and values, is orthogonalised part by part, as if they were matrices of their own.
/// </summary>
/// <remarks>Makes nothing on the managed heap after its first update.</remarks>
public sealed class MuonUpdate<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly List<MuonMatrix<T>> _added = [];
    private readonly OddQuintic[] _polynomials;
    private MuonMatrix<T>[]? _matrices;

    /// <summary>Makes one without matrices.</summary>
    /// <param name="polynomials">How directions are orthogonalised: one of <see cref="MuonPolynomials"/>.</param>
    /// <exception cref="ArgumentException">There is no polynomial.</exception>
    public MuonUpdate(IReadOnlyList<OddQuintic> polynomials)
    {
        ArgumentNullException.ThrowIfNull(polynomials);
        _polynomials = polynomials.Count > 0 ? [.. polynomials] : throw new ArgumentException("There is no polynomial to orthogonalise by.");
    }

    /// <summary>Adds a matrix [R, C] as it lies in flat buffers, or several below each other.</summary>
    /// <param name="value">The parameters, contiguous; changed by each update.</param>
    /// <param name="gradient">Where their gradients are at each update, contiguous.</param>
    /// <param name="momentum">The moving mean of the gradients, contiguous; zeros at first.</param>
    /// <param name="partRows">The rows of each part, from the first row on, R in all; empty for a single part.</param>
    /// <exception cref="ShapeException">The shapes differ, or are no matrices.</exception>
    /// <exception cref="ArgumentException">The parts' rows are not R in all, or a part has none.</exception>
    /// <exception cref="InvalidOperationException">A tensor is not contiguous.</exception>
    public void Add(Tensor<T> value, Tensor<T> gradient, Tensor<T> momentum, params ReadOnlySpan<int> partRows)
    {
        if (value.Rank != 2 || value.Shape != gradient.Shape || value.Shape != momentum.Shape)
        {
            throw new ShapeException(
                "Muon", value.Shape, value.Shape == gradient.Shape ? momentum.Shape : gradient.Shape, "they must be matrices of one shape");
        }

        if (!value.IsContiguous || !gradient.IsContiguous || !momentum.IsContiguous)
            throw new InvalidOperationException($"Muon: a view of shape {value.Shape} is not contiguous.");

        long rows = 0;
        foreach (int count in partRows)
            rows += count > 0 ? count : throw new ArgumentException($"Muon: a part of {value.Shape} cannot have {count} rows.");

        if (partRows.Length > 0 && rows != value.Shape[0])
            throw new ArgumentException($"Muon: the parts of {value.Shape} have {rows} rows in all, not {value.Shape[0]}.");

        int start = 0;
        foreach (int count in partRows.Length > 0 ? partRows : [value.Shape[0]])
        {
            _added.Add(new MuonMatrix<T>(value.Slice(0, start, count), gradient.Slice(0, start, count), momentum.Slice(0, start, count)));
            start += count;
        }

        _matrices = null;
    }

    /// <summary>One update of all matrices, see <see cref="Muon.Update{T}"/>.</summary>
    /// <param name="learningRate">The learning rate of this step.</param>
    /// <param name="momentum">How much of the moving mean stays, such as 0.95.</param>
    /// <param name="weightDecay">Parameters shrink by the learning rate times this.</param>
    /// <param name="gradientScale">Multiplies the gradients first: the clipping factor, 1 for none.</param>
    /// <param name="nesterov">Whether the step looks ahead along the momentum, as in Jordan's program.</param>
    public void Apply(double learningRate, double momentum, double weightDecay, double gradientScale = 1, bool nesterov = true) =>
        Muon.Update(
            _matrices ??= [.. _added], new MuonStep(learningRate, momentum, nesterov, weightDecay, gradientScale), _polynomials);
}
