using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;
using MiniGpt.Tensors;

namespace MiniGpt.Tests.Parity.Onnx;

/// <summary>Axes permuted, summed up, and looked up.</summary>
internal static class OnnxAxes
{
    public static Dictionary<string, OnnxOperator> Operators { get; } = new()
    {
        ["Transpose"] = OnnxOperators.One(Transpose),
        ["ReduceMean"] = OnnxOperators.One(Mean),
        ["Gather"] = OnnxOperators.One(Gather),
    };

    /// <summary>Any permutation is a chain of exchanges.</summary>
    private static Variable<float> Transpose(OnnxCase onnx, Tape<float> tape)
    {
        Variable<float> x = onnx.Variable(tape, 0);
        int[] wanted = onnx.Integers("perm") ?? [.. Enumerable.Range(0, x.Shape.Rank).Reverse()];
        int[] present = [.. Enumerable.Range(0, x.Shape.Rank)];
        for (int axis = 0; axis < wanted.Length; axis++)
        {
            int other = Array.IndexOf(present, wanted[axis]);
            (present[axis], present[other]) = (present[other], present[axis]);
            x = x.Transpose(axis, other);
        }

        return x;
    }

    private static Variable<float> Mean(OnnxCase onnx, Tape<float> tape)
    {
        Variable<float> x = onnx.Variable(tape, 0);
        bool keep = onnx.WholeNumber("keepdims", 1) != 0;
        int[] axes = [.. onnx.Integers(1).Span.ToArray().Select(axis => x.Shape.Axis(axis)).OrderDescending()];
        if (axes.Length == 0)
            return x.Mean().Reshape(keep ? new Shape(Enumerable.Repeat(1, x.Shape.Rank).ToArray()) : []);

        return axes.Aggregate(x, (reduced, axis) => reduced.Mean(axis, keep));
    }

    /// <summary>Rows of a table: the axis is brought to the front, the others are the row, the ids' axes go where it was.</summary>
    private static Variable<float> Gather(OnnxCase onnx, Tape<float> tape)
    {
        Variable<float> x = onnx.Variable(tape, 0);
        int axis = x.Shape.Axis(onnx.WholeNumber("axis", 0)), size = x.Shape[axis];
        Tensor<int> ids = onnx.Integers(1);
        foreach (ref int id in ids.Span)
        {
            id += id < 0 ? size : 0; // negative ids count from the end
        }

        Variable<float> table = x;
        for (int i = axis; i > 0; i--)
            table = table.Transpose(i, i - 1);

        Shape row = table.Shape.Without(0);
        Variable<float> y = tape.Embedding(table.Reshape([size, (int)row.Count]), ids).Reshape([(int)ids.Count, .. row]);
        for (int i = 0; i < axis; i++)
            y = y.Transpose(i, i + 1);

        int[] sizes = [.. x.Shape];
        return y.Reshape([.. sizes[..axis], .. ids.Shape, .. sizes[(axis + 1)..]]);
    }
}
