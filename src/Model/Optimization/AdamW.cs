using System.Numerics;
using MiniGpt.Autograd;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;

namespace MiniGpt.Model.Optimization;

/// <summary>AdamW's settings (Loshchilov and Hutter 2019).</summary>
/// <param name="Beta1">How slowly the mean of the gradients changes, in [0, 1).</param>
/// <param name="Beta2">How slowly the mean of their squares changes, in [0, 1).</param>
/// <param name="Epsilon">Keeps the update finite where gradients are zero.</param>
/// <param name="WeightDecay">The decay of matrices in one step is the learning rate times this.</param>
public readonly record struct AdamWOptions(double Beta1, double Beta2, double Epsilon, double WeightDecay);

/// <summary>
/// Updates a model's parameters from their gradients: clipping by the global norm, weight decay on matrices alone, and AdamW, each as
/// passes over flat buffers.
/// </summary>
public sealed class AdamW<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly ParameterSet<T> _parameters;
    private readonly AdamWOptions _options;
    private readonly Variable<T>[] _variables;
    private readonly List<(int Start, int Length, bool Decays)> _runs = [];

    /// <summary>Makes an optimizer whose moments are zero, and places for the gradients.</summary>
    public AdamW(ParameterSet<T> parameters, AdamWOptions options)
    {
        _parameters = parameters;
        _options = options;
        _variables = [.. parameters.All.Select(parameter => parameter.Variable)];
        parameters.AllocateGradients();
        FirstMoment = new Tensor<T>(parameters.Values.Shape);
        SecondMoment = new Tensor<T>(parameters.Values.Shape);
        FindRuns();
    }

    /// <summary>The mean of the gradients, laid out as <see cref="ParameterSet{T}.Values"/>.</summary>
    public Tensor<T> FirstMoment { get; }

    /// <summary>The mean of the gradients' squares, laid out as <see cref="ParameterSet{T}.Values"/>.</summary>
    public Tensor<T> SecondMoment { get; }

    /// <summary>How many updates were made.</summary>
    public int Step { get; set; }

    /// <summary>
    /// The Euclidean norm of all gradients together. A gradient that nothing was written to since <see cref="ClearGradients"/> is zero.
    /// </summary>
    public double GradientNorm()
    {
        foreach (Variable<T> variable in _variables)
        {
            if (!variable.HasGradient)
            {
                Elementwise.Fill(variable.GradientTarget(out _), T.Zero);
            }
        }

        return Math.Sqrt(Reductions.SumOfSquares(_parameters.Gradients));
    }

    /// <summary>One update.</summary>
    /// <param name="learningRate">The learning rate of this step.</param>
    /// <param name="gradientNorm">What <see cref="GradientNorm"/> gave.</param>
    /// <param name="clipNorm">The gradients are scaled by min(1, clipNorm / (norm + 1e-6)), as PyTorch does; 0 leaves them as they are.</param>
    public void Update(double learningRate, double gradientNorm, double clipNorm)
    {
        Step++;
        double scale = clipNorm > 0 ? Math.Min(1, clipNorm / (gradientNorm + 1e-6)) : 1;
        foreach ((int start, int length, bool decays) in _runs)
        {
            Tensors.Kernels.AdamW.Update(
                _parameters.Values.Slice(0, start, length),
                _parameters.Gradients.Slice(0, start, length),
                FirstMoment.Slice(0, start, length),
                SecondMoment.Slice(0, start, length),
                T.CreateChecked(learningRate),
                T.CreateChecked(_options.Beta1),
                T.CreateChecked(_options.Beta2),
                T.CreateChecked(_options.Epsilon),
                T.CreateChecked(decays ? _options.WeightDecay : 0),
                T.CreateChecked(scale),
                Step);
        }
    }

    /// <summary>Forgets the gradients: the next backward pass overwrites them.</summary>
    public void ClearGradients()
    {
        foreach (Variable<T> variable in _variables)
        {
            variable.ClearGradient();
        }
    }

    /// <summary>Neighbours in the flat buffers that are updated alike, as one run each.</summary>
    private void FindRuns()
    {
        IReadOnlyList<Parameter<T>> all = _parameters.All;
        int[] order = [.. Enumerable.Range(0, all.Count).OrderBy(_parameters.StartOf)];
        for (int i = 0; i < order.Length; i++)
        {
            int start = checked((int)_parameters.StartOf(order[i]));
            int end = i + 1 < order.Length ? checked((int)_parameters.StartOf(order[i + 1])) : _parameters.Values.Shape[0];
            Parameter<T> parameter = all[order[i]];
            if (!parameter.IsTrained)
            {
                continue;
            }

            if (_runs.Count > 0 && _runs[^1].Start + _runs[^1].Length == start && _runs[^1].Decays == parameter.Decays)
            {
                _runs[^1] = _runs[^1] with { Length = end - _runs[^1].Start };
            }
            else
            {
                _runs.Add((start, end - start, parameter.Decays));
            }
        }
    }
}
