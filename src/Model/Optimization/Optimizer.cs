using System.Numerics;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors;

namespace MiniGpt.Model.Optimization;

/// <summary>One buffer of an optimizer's state, as checkpoints store it.</summary>
/// <param name="Name">What it is: the tensors of a checkpoint are called NAME.PARAMETER.</param>
/// <param name="Parts">The parameters that have a part in it, and the part, in the parameter's shape.</param>
public sealed record OptimizerState<T>(string Name, IReadOnlyList<(Parameter<T> Parameter, Tensor<T> Values)> Parts)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>;

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
