using System.Numerics;
using MiniGpt.Model.Distribution;
using MiniGpt.Model.Layers;

namespace MiniGpt.Model.Optimization;

/// <summary>
/// Updates the trained parameters of a model from their gradients. It knows no layers and no data; what it keeps between two steps it
/// names, so that checkpoints can store it.
/// </summary>
public abstract class Optimizer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Gives the trained parameters places for their gradients.</summary>
    protected Optimizer(ParameterSet<T> parameters)
    {
        Parameters = parameters;
        parameters.AllocateGradients();
    }

    /// <summary>The parameters that are updated.</summary>
    public ParameterSet<T> Parameters { get; }

    /// <summary>What is kept between two steps.</summary>
    public abstract IReadOnlyList<OptimizerState<T>> State { get; }

    /// <summary>Which rank updates which parameters; null where this process updates all of them.</summary>
    internal Ownership? Ownership { get; private protected init; }

    /// <summary>How many updates were made.</summary>
    public int Step { get; set; }

    /// <summary>One update.</summary>
    /// <param name="learningRate">The learning rate of this step.</param>
    /// <param name="gradientScale">What every gradient is multiplied with first; 1, or less where the gradient is clipped.</param>
    public void Update(double learningRate, double gradientScale = 1)
    {
        Step++;
        Apply(learningRate, gradientScale);
    }

    /// <summary>The factor that bounds a gradient's norm, as PyTorch does it: min(1, most / (norm + 1e-6)).</summary>
    /// <param name="norm">The norm of the gradient.</param>
    /// <param name="most">The longest that it may be; 0 leaves it as it is.</param>
    public static double ClipScale(double norm, double most) => most > 0 ? Math.Min(1, most / (norm + 1e-6)) : 1;

    /// <summary>Changes the parameters; <see cref="Step"/> counts this update already.</summary>
    protected abstract void Apply(double learningRate, double gradientScale);
}
