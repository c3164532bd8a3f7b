namespace MiniGpt.Tensors;

/// <summary>Two shapes that an operation cannot take together.</summary>
public sealed class ShapeException : ArgumentException
{
    /// <summary>Names the operation, both shapes and the rule that they break.</summary>
    public ShapeException(string operation, Shape first, Shape second, string rule)
        : base($"{operation}: {first} and {second} do not go together; {rule}.")
    {
        Operation = operation;
        First = first;
        Second = second;
    }

    /// <summary>The operation that was asked for.</summary>
    public string Operation { get; }

    /// <summary>The first operand's shape.</summary>
    public Shape First { get; }

    /// <summary>The second operand's shape.</summary>
    public Shape Second { get; }
}
