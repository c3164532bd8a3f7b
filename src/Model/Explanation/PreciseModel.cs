using MiniGpt.Model.Architectures;
using MiniGpt.Model.Layers;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace MiniGpt.Model.Explanation;

/// <summary>A model in double, so that what a page says of it is what minigpt trace says.</summary>
internal static class PreciseModel
{
    private const long MostParameters = 1L << 25; // 268 MB

    /// <summary>The same numbers in double; null of a model that is too large for a copy of twice its size.</summary>
    public static Decoder<double>? Of(Decoder<float> model)
    {
        if (model.Parameters.All.Sum(parameter => parameter.Shape.Count) > MostParameters)
            return null;
        Decoder<double> precise = new(model.Config);
        foreach ((Parameter<float> from, Parameter<double> to) in model.Parameters.All.Zip(precise.Parameters.All))
            TensorPrimitives.ConvertChecked<float, double>(from.Value.Span, to.Value.Span);
        return precise;
    }
}
