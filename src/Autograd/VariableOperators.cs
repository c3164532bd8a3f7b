using System.Numerics;
using MiniGpt.Autograd.Ops;

namespace MiniGpt.Autograd;

/// <content>Arithmetic as it is written: <c>x + attention(norm(x))</c>. Shapes broadcast as in NumPy.</content>
public sealed partial class Variable<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>The sum. <see cref="AddOperator.Add"/></summary>
    public static Variable<T> operator +(Variable<T> a, Variable<T> b) => a.Add(b);

    /// <summary>The difference. <see cref="SubtractOperator.Subtract"/></summary>
    public static Variable<T> operator -(Variable<T> a, Variable<T> b) => a.Subtract(b);

    /// <summary>The product, element by element. <see cref="MultiplyOperator.Multiply"/></summary>
    public static Variable<T> operator *(Variable<T> a, Variable<T> b) => a.Multiply(b);

    /// <summary>The product with a number. <see cref="ScaleOperator.Scale"/></summary>
    public static Variable<T> operator *(Variable<T> a, T factor) => a.Scale(factor);

    /// <summary>The quotient, element by element. <see cref="DivideOperator.Divide"/></summary>
    public static Variable<T> operator /(Variable<T> a, Variable<T> b) => a.Divide(b);

    /// <summary>The negative.</summary>
    public static Variable<T> operator -(Variable<T> a) => a.Scale(-T.One);
}
