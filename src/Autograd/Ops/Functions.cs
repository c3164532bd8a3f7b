using System.Numerics;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;

namespace MiniGpt.Autograd.Ops;

/// <summary>Functions of one number, applied to every element: y = f(x), dx = dy · f'(x).</summary>
public static class FunctionOperators
{
    /// <summary>eˣ.</summary>
    public static Variable<T> Exp<T>(this Variable<T> x)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => x.Apply<T, ExponentialFunction<T>>();

    /// <summary>The natural logarithm.</summary>
    public static Variable<T> Log<T>(this Variable<T> x)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => x.Apply<T, LogarithmFunction<T>>();

    /// <summary>The square root.</summary>
    public static Variable<T> Sqrt<T>(this Variable<T> x)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => x.Apply<T, SquareRootFunction<T>>();

    /// <summary>The hyperbolic tangent.</summary>
    public static Variable<T> Tanh<T>(this Variable<T> x)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => x.Apply<T, HyperbolicTangentFunction<T>>();

    /// <summary>1 / (1 + e⁻ˣ).</summary>
    public static Variable<T> Sigmoid<T>(this Variable<T> x)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => x.Apply<T, SigmoidFunction<T>>();

    /// <summary>max(x, 0).</summary>
    public static Variable<T> Relu<T>(this Variable<T> x)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => x.Apply<T, ReluFunction<T>>();

    /// <summary>x · sigmoid(x) (Elfwing et al. 2017).</summary>
    public static Variable<T> Silu<T>(this Variable<T> x)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => x.Apply<T, SiluFunction<T>>();

    /// <summary>GELU by its tanh approximation, GPT-2's activation (Hendrycks and Gimpel 2016).</summary>
    public static Variable<T> GeluTanh<T>(this Variable<T> x)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => x.Apply<T, GeluTanhFunction<T>>();

    /// <summary>GELU by the error function (Hendrycks and Gimpel 2016).</summary>
    public static Variable<T> GeluErf<T>(this Variable<T> x)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => x.Apply<T, GeluErfFunction<T>>();

    /// <summary>Any function of one number that has a value and a derivative.</summary>
    public static Variable<T> Apply<T, TFunction>(this Variable<T> x)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TFunction : struct, IUnaryFunction<T>
    {
        Tape<T> tape = Tape<T>.Of(x);
        Variable<T> y = tape.Result(x.Shape, x.RequiresGradient);
        Map.Forward<T, TFunction>(x.Value, y.Value);
        if (y.RequiresGradient)
            tape.Record<FunctionNode<T, TFunction>>(y).X = x;

        return y;
    }

    private sealed class FunctionNode<T, TFunction> : Node<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TFunction : struct, IUnaryFunction<T>
    {
        public Variable<T> X = null!;

        public override string Name => typeof(TFunction).Name.Split("Function")[0];

        protected internal override void Backward()
        {
            Tensor<T> target = X.GradientTarget(out bool accumulate);
            Map.Backward<T, TFunction>(X.Value, Output.Value, Output.Gradient, target, accumulate);
        }
    }
}
