namespace MiniGpt.Tensors.Kernels;

/// <summary>What kernels ask of their operands. Optional ones may be empty: the default tensor.</summary>
/// <remarks>Shapes and tensors are passed by reference: they are ten words, and a token of a small model is checked a hundred times.</remarks>
internal static class Check
{
    /// <exception cref="ShapeException">The shapes differ.</exception>
    public static void SameShape(string kernel, in Shape first, in Shape second)
    {
        if (first != second)
            throw new ShapeException(kernel, first, second, "the shapes must be equal");
    }

    /// <summary>A contiguous tensor of a given shape.</summary>
    /// <exception cref="ShapeException">The shape is another.</exception>
    /// <exception cref="InvalidOperationException">The tensor is a view with gaps.</exception>
    public static unsafe void Dense<T>(string kernel, in Shape expected, in Tensor<T> tensor, bool optional = false)
        where T : unmanaged
    {
        if (!optional || !tensor.IsEmpty)
        {
            SameShape(kernel, expected, tensor.Shape);
            tensor.RequireContiguous();
        }
    }

    /// <summary>A tensor of a given shape whose rows lie without gaps, though they may lie apart.</summary>
    /// <exception cref="ShapeException">The shape is another.</exception>
    /// <exception cref="InvalidOperationException">A row has gaps.</exception>
    public static void Rows<T>(string kernel, in Shape expected, in Tensor<T> tensor, bool optional = false)
        where T : unmanaged
    {
        if (optional && tensor.IsEmpty)
            return;

        SameShape(kernel, expected, tensor.Shape);
        if (tensor.Shape[-1] > 1 && tensor.Stride(-1) != 1)
            throw new InvalidOperationException($"{kernel}: the rows of a view of shape {tensor.Shape} have gaps; copy it first.");
    }

    /// <summary>The same for a tensor that is written to.</summary>
    /// <exception cref="ShapeException">The shape is another.</exception>
    /// <exception cref="InvalidOperationException">A row has gaps.</exception>
    /// <exception cref="ArgumentException">Rows are repeated: they would be written more than once.</exception>
    public static void RowsToWrite<T>(string kernel, in Shape expected, in Tensor<T> tensor, bool optional = false)
        where T : unmanaged
    {
        Rows(kernel, expected, tensor, optional);
        NotRepeated(kernel, tensor);
    }

    /// <summary>A tensor that is written to, each element once.</summary>
    /// <exception cref="ArgumentException">Elements are repeated: they would be written more than once.</exception>
    public static void NotRepeated<T>(string kernel, in Tensor<T> tensor)
        where T : unmanaged
    {
        for (int axis = 0; axis < tensor.Rank; axis++)
        {
            if (tensor.Shape[axis] > 1 && tensor.Stride(axis) == 0 && tensor.Count > 0)
                throw new ArgumentException($"{kernel}: the destination {tensor.Shape} repeats its elements along axis {axis}.");
        }
    }

    /// <summary>A contiguous tensor with one value for each index of the last axis of <paramref name="shape"/>.</summary>
    /// <exception cref="ShapeException">There are more or fewer values.</exception>
    public static unsafe void PerColumn<T>(string kernel, in Shape shape, in Tensor<T> values, bool optional = false)
        where T : unmanaged
    {
        if (optional && values.IsEmpty)
            return;

        if (values.Rank != 1 || values.Shape[0] != shape[-1])
            throw new ShapeException(kernel, shape, values.Shape, "the second must be one axis as long as the first one's last");

        values.RequireContiguous();
    }

    /// <summary>A contiguous tensor with one value for each row: each index of all axes but the last.</summary>
    /// <exception cref="ShapeException">There are more or fewer values.</exception>
    public static unsafe void PerRow<T>(string kernel, in Shape shape, in Tensor<T> values, bool optional = false)
        where T : unmanaged
    {
        if (optional && values.IsEmpty)
            return;

        if (values.Count != RowsOf(shape))
            throw new ShapeException(kernel, shape, values.Shape, "the second must have one value for each row of the first");

        values.RequireContiguous();
    }

    /// <summary>The number of rows: the product of all sizes but the last.</summary>
    public static int RowsOf(in Shape shape)
    {
        int rows = 1;
        for (int axis = shape.Axis(-1) - 1; axis >= 0; axis--)
            rows = checked(rows * shape[axis]);

        return rows;
    }
}
