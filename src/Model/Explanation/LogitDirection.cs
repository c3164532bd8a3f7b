using System.Numerics;
using MiniGpt.Model.Architectures;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace MiniGpt.Model.Explanation;

/// <summary>The direction of the last hidden state whose product with it is a logit.</summary>
internal static class LogitDirection
{
    /// <summary>The row of the output projection of one token, less that of another where there is one.</summary>
    public static double[] Of<T>(Decoder<T> model, int token, int? against)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        double[] direction = RowReading.Of(model.Head.Value, token);
        if (against is int other)
            TensorPrimitives.Subtract(direction, RowReading.Of(model.Head.Value, other), direction);
        return direction;
    }

    /// <summary>Throws where there is no such direction.</summary>
    /// <exception cref="ArgumentException">The head has a layer with an activation.</exception>
    public static void Check<T>(Decoder<T> model)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        Require.That(model.Output.Transform is null, $"the head of this model has a layer with an activation: its logits are no sum of what heads and layers add");
}
