using System.Numerics;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;

namespace MiniGpt.Autograd.Ops;

/// <summary>The way back through broadcasting: what was repeated on the way forward is summed.</summary>
internal static class Broadcasting
{
    /// <summary>Adds a gradient of a result's shape to an input that may have been broadcast to it.</summary>
    public static void AddGradient<T>(this Variable<T> input, Tensor<T> gradient)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Tensor<T> target = input.GradientTarget(out bool accumulate);
        if (input.Shape == gradient.Shape)
            Elementwise.Copy(gradient, target, accumulate);
        else
            Reductions.SumTo(gradient, target, accumulate);
    }

    /// <summary>Whether an input has a result's shape, so that its gradient can be written without an intermediate.</summary>
    public static bool Has<T>(this Variable<T> input, Shape shape)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => input.Shape == shape;
}
